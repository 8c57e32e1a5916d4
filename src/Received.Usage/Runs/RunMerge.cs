using Received.Model;

namespace Received.Usage.Runs;

/// <summary>Which runs to merge, and merging them. An entry that several runs hold comes out once.</summary>
static class RunMerge
{
    // Runs up to this size count as one size: a quiet system adds a handful of keys at a time.
    const long SmallRecords = 4096;

    // How many entries go between two looks at the cancellation: a few milliseconds.
    const int EntriesBetweenLooks = 65_536;

    /// <summary>
    /// The part of the list, which is in order of age, to merge now. Adjacent runs only, so that a run's range tells
    /// what it holds. Smaller ones between those of the chosen size are taken along.
    /// </summary>
    /// <returns>Empty when nothing is to be merged.</returns>
    public static ReadOnlySpan<Run> Choose(ReadOnlySpan<Run> runs, RunOptions options)
    {
        var largest = 0;
        foreach (var run in runs) largest = Math.Max(largest, Tier(run, options));
        for (var tier = 0; tier <= largest; tier++)
        {
            int start = 0, ofTier = 0;
            for (var i = 0; i < runs.Length; i++)
            {
                var other = Tier(runs[i], options);
                if (other == tier) ofTier++;
                if (ofTier == options.MergeFactor) return runs[start..(i + 1)];
                if (other <= tier) continue;
                start = i + 1;
                ofTier = 0;
            }
        }

        return runs.Length < options.RunsMax ? [] : Smallest(runs, options.MergeFactor);
    }

    /// <summary>Writes the merged run; null when nothing is left of the inputs.</summary>
    /// <param name="expireBeforeMs">By partition; entries before it are left out.</param>
    public static string? Write(
        string folder, RunRange range, IReadOnlyList<Run> inputs, Func<PartitionId, long> expireBeforeMs,
        CancellationToken cancellation)
    {
        using var writer = new RunWriter(folder, range);
        var partitions = inputs.SelectMany(run => run.Sections).Select(section => section.Partition).Distinct();
        foreach (var partition in partitions.OrderBy(partition => partition.Value))
        {
            var sections = inputs.Select(run => run.Section(partition)).OfType<RunSection>().ToList();
            var notBeforeMs = expireBeforeMs(partition);
            writer.Begin(
                partition, sections[0].Previous,
                Math.Max(notBeforeMs, sections.Max(section => section.KeptFromMs)));
            WritePartition(writer, partition, inputs, notBeforeMs, cancellation);
        }

        return writer.IsEmpty ? null : writer.Finish();
    }

    static void WritePartition(
        RunWriter writer, PartitionId partition, IReadOnlyList<Run> inputs, long notBeforeMs,
        CancellationToken cancellation)
    {
        var cursors = new List<RunCursor>();
        try
        {
            foreach (var run in inputs)
            {
                if (run.Section(partition) is not { } section || section.NewestMs < notBeforeMs) continue;
                cursors.Add(new(run, section, RunCursor.BlocksForMerges));
                if (!cursors[^1].Advance(notBeforeMs)) Remove(cursors, cursors.Count - 1);
            }

            Merge(writer, cursors, notBeforeMs, cancellation);
        }
        finally
        {
            foreach (var cursor in cursors) cursor.Dispose();
        }
    }

    static void Merge(
        RunWriter writer, List<RunCursor> cursors, long notBeforeMs, CancellationToken cancellation)
    {
        KeyEntry last = default;
        for (var written = 0L; cursors.Count > 0; written++)
        {
            if (written % EntriesBetweenLooks == 0) cancellation.ThrowIfCancellationRequested();
            var least = 0;
            for (var i = 1; i < cursors.Count; i++)
                if (RunRecord.Compare(cursors[i].Current, cursors[least].Current) < 0) least = i;
            ref readonly var entry = ref cursors[least].Current;
            if (written == 0 || RunRecord.Compare(entry, last) != 0) writer.Add(entry);
            last = entry;
            if (!cursors[least].Advance(notBeforeMs)) Remove(cursors, least);
        }
    }

    static void Remove(List<RunCursor> cursors, int at)
    {
        cursors[at].Dispose();
        cursors.RemoveAt(at);
    }

    static int Tier(Run run, RunOptions options)
    {
        var tier = 0;
        for (var records = run.Records; records > SmallRecords; records /= options.MergeFactor) tier++;
        return tier;
    }

    static ReadOnlySpan<Run> Smallest(ReadOnlySpan<Run> runs, int count)
    {
        var (best, bestRecords) = (0, long.MaxValue);
        for (var start = 0; start + count <= runs.Length; start++)
        {
            var records = 0L;
            foreach (var run in runs.Slice(start, count)) records += run.Records;
            if (records < bestRecords) (best, bestRecords) = (start, records);
        }

        return runs.Slice(best, count);
    }
}

using CsCheck;
using Received.Model;
using Received.Rating;
using Received.Tests.Usage;
using Received.Usage;
using Received.Usage.Runs;
using Xunit;

namespace Received.Tests.Rating;

/// <summary>Random histories with random failures against a list that is searched from end to end.</summary>
public sealed class DuplicatesHistoryTests : IDisposable
{
    static readonly PartitionId Partition = new(3);
    static readonly LogIdentity Log = new(Guid.Empty, 1, 8, TimeSpan.FromMilliseconds(100), 77);

    readonly string _root = Directory.CreateTempSubdirectory("received-history-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>What the owner does between frames.</summary>
    enum Step
    {
        Decide,
        Flush,
        FlushAndExpire,

        /// <summary>The index could not be written.</summary>
        FailBeforeKeys,

        /// <summary>The index was written, and its answer was lost.</summary>
        FailInKeys,

        /// <summary>The index was written, the totals were not.</summary>
        FailBeforeTotals,
        CrashBeforeKeys,
        CrashBeforeTotals,
    }

    readonly record struct Report(int Customer, int Key, int Content);

    sealed record History(List<(int TimeStep, bool NewGeneration, List<Report> Reports)> Frames, List<Step> Steps);

    static readonly Gen<History> Histories =
        from frames in Gen.Select(
            Gen.OneOf(Gen.Const(0), Gen.Int[0, 10], Gen.Int[0, 150]), Gen.Int[0, 19].Select(i => i == 0),
            Gen.Select(Gen.Int[0, 2], Gen.Int[0, 12], Gen.Int[0, 1], (c, k, x) => new Report(c, k, x)).List[0, 8])
            .List[1, 40]
        from steps in Gen.OneOf(
            Gen.Const(Step.Decide), Gen.Const(Step.Decide), Gen.Const(Step.Flush), Gen.Enum<Step>()).List[0, 120]
        select new History(frames, steps);

    [Fact]
    public Task Law_2_decides_as_a_list_searched_from_end_to_end_does_whatever_fails() =>
        Histories.SampleAsync(
            async history => await RunAsync(history, new MemoryKeyIndex(), index => index), iter: 800);

    [Fact]
    public Task Law_4_decides_the_same_again_after_crashes_over_run_files() =>
        Histories.SampleAsync(
            async history =>
            {
                var folder = Path.Combine(_root, Guid.NewGuid().ToString());
                RunKeyIndex Open() => RunKeyIndex.Open(folder, new() { MergeFactor = 2, RunsMax = 4 });
                await RunAsync(history, Open(), index =>
                {
                    index.DisposeAsync().AsTask().GetAwaiter().GetResult();
                    return Open();
                });
            }, iter: 25, threads: 1);

    static async Task RunAsync(History history, IKeyIndex index, Func<IKeyIndex, IKeyIndex> reopen)
    {
        var frames = Frames(history);
        var owner = new Duplicates(index, Partition, Log);
        await owner.LoadAsync(0);
        // Frames decided, and frames whose totals are stored.
        int at = 0, stored = 0;
        var decisions = new Decisions();
        foreach (var step in history.Steps.Concat(Enumerable.Repeat(Step.Decide, history.Frames.Count)))
        {
            if (step == Step.Decide)
            {
                if (at < frames.Count) await DecideAsync(owner, frames[at++], decisions);
                continue;
            }

            owner.Seal();
            if (step is not (Step.FailBeforeKeys or Step.CrashBeforeKeys))
                await index.AddAsync([new(Partition, owner.Sealed)]);
            if (step is Step.Flush or Step.FlushAndExpire or Step.FailBeforeTotals) owner.Written();
            if (step is Step.Flush or Step.FlushAndExpire) stored = at;
            var storedTime = stored == 0 ? 0 : frames[stored - 1].LogTimeMs;
            if (step == Step.FlushAndExpire)
                await index.ExpireAsync(Partition, storedTime - (long)Log.DedupeWindow.TotalMilliseconds);
            if (step is Step.Flush or Step.FlushAndExpire) continue;
            at = stored;
            if (step is Step.CrashBeforeKeys or Step.CrashBeforeTotals)
            {
                index = reopen(index);
                owner = new(index, Partition, Log);
            }
            else
            {
                owner.Discard();
            }

            await owner.LoadAsync(storedTime);
        }

        await index.DisposeAsync();
    }

    static async Task DecideAsync(Duplicates owner, Frame frame, Decisions decisions)
    {
        await owner.DecideAsync(frame.Events, frame.Generation, frame.Offset, frame.LogTimeMs, decisions);
        Assert.Equal(frame.Expected.Count, decisions.Count);
        Assert.Equal(frame.Expected.All(expected => expected.Fate == Fate.Counted), decisions.AllCounted);
        for (var i = 0; i < decisions.Count; i++)
        {
            Assert.Equal(frame.Expected[i].Fate, decisions.Fates[i]);
            if (decisions.Fates[i] == Fate.Counted) continue;
            Assert.Equal(
                frame.Expected[i].Original,
                (decisions.OriginalGenerations[i], decisions.OriginalOffsets[i], decisions.OriginalIndices[i]));
        }
    }

    sealed record Frame(
        EventColumns Events, ushort Generation, long Offset, long LogTimeMs,
        List<(Fate Fate, (ushort, long, int) Original)> Expected);

    // The oracle: law 2 as it reads, over the whole history.
    static List<Frame> Frames(History history)
    {
        var counted = new List<(Report Report, (ushort, long, int) Position, long LogTimeMs)>();
        var frames = new List<Frame>();
        ushort generation = 1;
        long offset = 0, time = 1000;
        foreach (var (timeStep, newGeneration, reports) in history.Frames)
        {
            if (newGeneration) (generation, offset) = ((ushort)(generation + 1), 0);
            time += timeStep;
            var expected = new List<(Fate, (ushort, long, int))>();
            for (var i = 0; i < reports.Count; i++)
            {
                var report = reports[i];
                var original = counted.FirstOrDefault(earlier =>
                    earlier.Report.Customer == report.Customer && earlier.Report.Key == report.Key
                    && report.Key != 0 && earlier.LogTimeMs >= time - Log.DedupeWindow.TotalMilliseconds);
                if (original.Position == default)
                {
                    expected.Add((Fate.Counted, default));
                    counted.Add((report, (generation, offset, i), time));
                }
                else
                {
                    var same = original.Report.Content == report.Content;
                    expected.Add((same ? Fate.Duplicate : Fate.Conflict, original.Position));
                }
            }

            var events = Keyed.Events([.. reports.Select(report => new Keyed(
                1, $"customer-{report.Customer}", report.Key == 0 ? "" : $"key-{report.Key}", report.Content))]);
            frames.Add(new(events, generation, offset++, time, expected));
        }

        return frames;
    }
}

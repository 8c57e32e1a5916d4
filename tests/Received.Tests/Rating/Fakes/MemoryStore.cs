using System.Runtime.CompilerServices;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Tests.Rating.Fakes;

/// <summary>
/// What rating and the archive need of a usage store, in memory, with failures on demand: before a write, so that
/// nothing is there, or after it, so that all of it is.
/// </summary>
sealed class MemoryStore : IUsageStore
{
    readonly Lock _gate = new();
    readonly SortedDictionary<PartitionId, Rated> _rated =
        new(Comparer<PartitionId>.Create((a, b) => a.Value - b.Value));
    readonly Dictionary<PartitionId, (ArchiveProgress Progress, List<ArchivedFrame> Frames)>
        _archive = [];
    readonly Dictionary<PartitionId, Heartbeat> _heartbeats = [];
    LogIdentity? _log;

    /// <summary>Called before (false) and after (true) each write of rating or archive; may throw.</summary>
    public Action<bool> OnWrite { get; set; } = _ => { };

    /// <summary>What rating has written last, or is writing.</summary>
    public IReadOnlyList<RatedBatch> Writing { get; private set; } = [];

    /// <summary>Sees what the archive is given.</summary>
    public Action<IReadOnlyList<ArchiveBatch>> OnArchive { get; set; } = _ => { };

    public sealed class Rated
    {
        public RatedProgress Progress;
        public readonly Dictionary<UInt128, SeriesRow> Series = [];
        public readonly Dictionary<TotalKey, TotalRow> Totals = [];
        public readonly SortedDictionary<(ushort, long, int), FateRow> Fates = [];
        public readonly Dictionary<(uint, NameKind, string), NameRow> Names = [];
        public readonly SortedDictionary<ulong, ProducerRow> Producers = [];
    }

    public Rated Of(PartitionId partition)
    {
        lock (_gate)
        {
            if (!_rated.TryGetValue(partition, out var rated))
                _rated[partition] = rated = new() { Progress = new(partition, _log?.Generation ?? 3, 0, 0, 0) };
            return rated;
        }
    }

    public ValueTask OpenAsync(LogIdentity log, CancellationToken cancellation = default)
    {
        _log = log;
        return default;
    }

    public ValueTask<RatedProgress> ReadRatedAsync(PartitionId partition, CancellationToken cancellation = default) =>
        new(Of(partition).Progress);

    public ValueTask<IReadOnlyList<ProducerRow>> ReadProducersAsync(
        RatedProgress progress, CancellationToken cancellation = default)
    {
        lock (_gate) return new(Of(progress.Partition).Producers.Values.ToList());
    }

    public ValueTask ReadTotalsAsync(
        PartitionId partition, ReadOnlyMemory<TotalKey> keys, Memory<TotalRow> rows,
        CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            for (var i = 0; i < keys.Length; i++)
                rows.Span[i] = Of(partition).Totals.GetValueOrDefault(keys.Span[i]);
        }

        return default;
    }

    public ValueTask WriteAsync(IReadOnlyList<RatedBatch> batches, CancellationToken cancellation = default)
    {
        Writing = batches;
        OnWrite(false);
        lock (_gate)
            foreach (var batch in batches) Write(Of(batch.Partition), batch);
        OnWrite(true);
        return default;
    }

    static void Write(Rated rated, RatedBatch batch)
    {
        static bool IsNewer(ushort g, long o, int i, ushort g2, long o2, int i2) =>
            (g, o, i).CompareTo((g2, o2, i2)) > 0;
        foreach (var row in batch.Series) rated.Series.TryAdd(row.Id, row);
        foreach (var row in batch.Totals)
        {
            var old = rated.Totals.GetValueOrDefault(new(row.Series, row.Window));
            if (old.Count == 0 || IsNewer(row.Generation, row.Offset, row.Index, old.Generation, old.Offset, old.Index))
                rated.Totals[new(row.Series, row.Window)] = row;
        }

        foreach (var row in batch.Fates)
        {
            var key = (row.Generation, row.Offset, row.Index);
            // A fate at a position is what it is for good: a rewrite must say the same.
            if (!rated.Fates.TryAdd(key, row)) Xunit.Assert.Equal(rated.Fates[key], row);
        }

        foreach (var row in batch.Names)
        {
            var key = (row.Account.Value, row.Kind, row.Ref);
            if (!rated.Names.TryGetValue(key, out var old)
                || IsNewer(row.Generation, row.Offset, row.Index, old.Generation, old.Offset, old.Index))
                rated.Names[key] = row;
        }

        if (batch.Progress.Next <= rated.Progress.Next) return;
        foreach (var row in batch.Producers) rated.Producers[row.ProducerId] = row;
        rated.Progress = batch.Progress;
    }

    public ValueTask WriteHeartbeatsAsync(IReadOnlyList<Heartbeat> heartbeats, CancellationToken cancellation = default)
    {
        lock (_gate)
            foreach (var beat in heartbeats) _heartbeats[beat.Partition] = beat;
        return default;
    }

    public ValueTask<ArchiveProgress> ReadArchivedAsync(
        PartitionId partition, CancellationToken cancellation = default)
    {
        lock (_gate) return new(Archive(partition).Progress);
    }

    public ValueTask ArchiveAsync(IReadOnlyList<ArchiveBatch> batches, CancellationToken cancellation = default)
    {
        OnWrite(false);
        OnArchive(batches);
        lock (_gate)
        {
            foreach (var batch in batches)
            {
                var (progress, frames) = Archive(batch.Partition);
                foreach (var frame in batch.Frames.Where(frame => frame.Offset >= progress.Next))
                    frames.Add(frame with { Events = Copy(frame.Events) });
                if (batch.Progress.Next > progress.Next) _archive[batch.Partition] = (batch.Progress, frames);
            }
        }

        OnWrite(true);
        return default;
    }

    public async IAsyncEnumerable<ArchivedFrame> ReplayAsync(
        PartitionId partition, long offset, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        foreach (var frame in Archive(partition).Frames.ToList())
            if (frame.Offset >= offset) yield return frame;
    }

    public ValueTask<IReadOnlyList<Heartbeat>> ReadHeartbeatsAsync(CancellationToken cancellation = default)
    {
        lock (_gate) return new(_heartbeats.Values.ToList());
    }

    public ValueTask<IReadOnlyList<AuditLine>> ReadAuditAsync(CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            return new(_rated.Select(pair =>
            {
                var fates = pair.Value.Fates.Values;
                long Sum(Fate fate) => fates.Where(row => row.Fate == fate).Sum(row => (long)row.EventCount);
                return new AuditLine(
                    pair.Value.Progress, pair.Value.Totals.Values.Sum(row => row.Count), Sum(Fate.Duplicate),
                    Sum(Fate.Conflict), Sum(Fate.Voided),
                    fates.Where(row => row.Fate == Fate.Parked).GroupBy(row => row.Reason)
                        .ToDictionary(group => group.Key, group => group.Sum(row => (long)row.EventCount)),
                    fates.Count(row => row.Reason == ParkReason.HeaderCorrupt), null, Archive(pair.Key).Progress);
            }).ToList());
        }
    }

    public async IAsyncEnumerable<string> ExportRatedAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        foreach (var (partition, rated) in _rated.ToList())
        {
            var p = rated.Progress;
            if (p.Next == 0) continue;
            yield return
                $"progress {partition} {p.Generation} {p.Next} {p.LastChecksum:x16} {p.LogTimeMs} {p.KeysNext} "
                + $"{p.KeysLogTimeMs}";
            foreach (var row in rated.Series.Values.OrderBy(row => row.Id)) yield return $"series {partition} {row}";
            foreach (var row in rated.Totals.Values.OrderBy(row => (row.Series, row.Window)))
                yield return $"total {partition} {row}";
            foreach (var row in rated.Fates.Values) yield return $"fate {partition} {row}";
            foreach (var (key, row) in rated.Names.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal))
                yield return $"name {partition} {row}";
            foreach (var row in rated.Producers.Values) yield return $"producer {partition} {row}";
        }
    }

    public IAsyncEnumerable<TotalsLine> QueryTotalsAsync(TotalsQuery query, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask<CycleTotals> ReadCycleTotalsAsync(
        AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask WriteParquetAsync(TotalsQuery query, Stream target, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask<IReadOnlyList<EventLine>> QueryEventsAsync(
        EventsQuery query, CancellationToken cancellation = default) => throw new NotSupportedException();

    public ValueTask<EventLine?> FindEventAsync(
        AccountId account, LogPosition position, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => default;

    (ArchiveProgress Progress, List<ArchivedFrame> Frames) Archive(PartitionId partition)
    {
        lock (_gate)
        {
            if (!_archive.TryGetValue(partition, out var archive))
                _archive[partition] = archive = (new(partition, _log?.Generation ?? 3, 0, 0, 0, 0), []);
            return archive;
        }
    }

    static EventColumns? Copy(EventColumns? events)
    {
        if (events is null) return null;
        var copy = new EventColumns();
        var codec = new FrameCodec();
        codec.TryDecode(codec.Encode(events, default).ToArray(), copy);
        return copy;
    }
}

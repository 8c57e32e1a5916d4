using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Writes frames and their events, then the archive's progress. Rows are keyed by position and never change, so what a
/// crash left in part is written again and merges; readers stop at the progress. An event is a row of columns that are
/// copied from the frame's, its references and names indices into the block's dictionaries.
/// </summary>
sealed class ArchiveWrites(ClickHouseLink link, ArchiveReads reads) : IDisposable
{
    /// <summary>Rows and bytes of one insert: large enough that its fixed cost (some 10 ms) does not show.</summary>
    const int BlockRows = 250_000;
    const int BlockBytes = 64 << 20;

    readonly SemaphoreSlim _writing = new(1);

    /// <summary>The batch's frames without their events.</summary>
    readonly List<ArchivedFrame> _heads = [];

    readonly NativeBlock _frames = new(
        "frames", ("partition", "UInt16"), ("generation", "UInt16"), ("offset", "Int64"), ("event_count", "Int32"),
        ("time_ms", "Int64"), ("producer_id", "UInt64"), ("producer_number", "Int64"), ("checksum", "UInt64"),
        ("broken", "UInt8"), ("accepted", "Int64"));

    readonly NativeBlock _events = new(
        "events", ("partition", "UInt16"), ("generation", "UInt16"), ("offset", "Int64"), ("place", "Int32"),
        ("frame_time_ms", "Int64"), ("account", "UInt32"), ("customer_ref", "LowCardinality(String)"),
        ("customer_name", "LowCardinality(String)"), ("product_ref", "LowCardinality(String)"),
        ("product_name", "LowCardinality(String)"), ("currency", "LowCardinality(String)"),
        ("entity_ref", "LowCardinality(String)"), ("timestamp_ms", "Int64"), ("received_at_ms", "Int64"),
        ("quantity", "Int128"), ("key", "String"), ("data", "String"));

    readonly NativeBlock _progress = new(
        "archive_progress", ("partition", "UInt16"), ("position", "UInt128"), ("last_checksum", "UInt64"),
        ("accepted", "Int64"), ("unknown_frames", "Int64"));

    public async ValueTask WriteAsync(IReadOnlyList<ArchiveBatch> batches, CancellationToken cancellation)
    {
        link.ThrowIfClosed();
        await _writing.WaitAsync(cancellation);
        try
        {
            _frames.Clear();
            _events.Clear();
            _progress.Clear();
            var stored = await reads.ProgressAsync(cancellation);
            foreach (var batch in batches)
            {
                var known = stored.TryGetValue(batch.Partition, out var found) ? found : default(ArchiveProgress?);
                if (known is { } there && !batch.Progress.IsAheadOf(there)) continue;
                var from = known is { } k && k.Generation == batch.Generation ? k.Next : 0;
                await AddEventsAsync(batch, from, cancellation);
                AddFrames(batch);
                AddProgress(batch.Progress);
            }

            await link.InsertAsync(_events, cancellation);
            await link.InsertAsync(_frames, cancellation);
            await link.InsertAsync(_progress, cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();

    /// <summary>The running sum is made backwards from the batch's progress, so it does not depend on what was
    /// stored.</summary>
    void AddFrames(ArchiveBatch batch)
    {
        var accepted = batch.Progress.Accepted;
        for (var i = _heads.Count - 1; i >= 0; i--)
        {
            var frame = _heads[i];
            _frames.Set(0, batch.Partition.Value);
            _frames.Set(1, batch.Generation);
            _frames.Set(2, frame.Offset);
            _frames.Set(3, frame.EventCount);
            _frames.Set(4, frame.TimeMs);
            _frames.Set(5, frame.ProducerId);
            _frames.Set(6, frame.ProducerNumber);
            _frames.Set(7, frame.Checksum);
            _frames.Set(8, (byte)frame.Broken);
            _frames.Set(9, accepted);
            _frames.EndRow();
            accepted -= frame.EventCount;
        }
    }

    async ValueTask AddEventsAsync(ArchiveBatch batch, long from, CancellationToken cancellation)
    {
        _heads.Clear();
        foreach (var frame in batch.Frames)
        {
            if (frame.Offset < from) continue;
            _heads.Add(frame with { Events = null });
            if (frame.Events is not { } events) continue;
            AddEvents(batch, frame, events);
            if (_events.Rows < BlockRows && _events.ByteCount < BlockBytes) continue;
            await link.InsertAsync(_events, cancellation);
            _events.Clear();
        }
    }

    void AddEvents(ArchiveBatch batch, in ArchivedFrame frame, EventColumns events)
    {
        var count = events.Count;
        _events.Block<ushort>(0, count).Fill(batch.Partition.Value);
        _events.Block<ushort>(1, count).Fill(batch.Generation);
        _events.Block<long>(2, count).Fill(frame.Offset);
        var place = _events.Block<int>(3, count);
        for (var i = 0; i < count; i++) place[i] = i;
        _events.Block<long>(4, count).Fill(frame.TimeMs);
        var account = _events.Block<uint>(5, count);
        var customer = events.Customer;
        for (var i = 0; i < count; i++) account[i] = events.Customers.Account(customer[i]).Value;
        AddNames(6, customer, events.Customers.Refs);
        AddNames(7, customer, events.Customers.Names);
        AddNames(8, events.Product, events.Products.Refs);
        AddNames(9, events.Product, events.Products.Names);
        AddNames(10, events.Assertion, events.Assertions.Names);
        AddNames(11, events.Assertion, events.Assertions.Refs);
        events.TimestampMs.CopyTo(_events.Block<long>(12, count));
        events.ReceivedAtMs.CopyTo(_events.Block<long>(13, count));
        events.Quantity.CopyTo(_events.Block<Int128>(14, count));
        _events.SetAll(15, events.Keys);
        _events.SetAll(16, events.Data);
        _events.Advance(count);
    }

    /// <summary>The frame's table behind those of the frames before it: the server makes them distinct.</summary>
    void AddNames(int column, ReadOnlySpan<int> local, ByteColumn table)
    {
        var first = (uint)_events.AddEntries(column, table);
        var target = _events.Block<uint>(column, local.Length);
        for (var i = 0; i < target.Length; i++) target[i] = unchecked(first + (uint)local[i]);
    }

    void AddProgress(ArchiveProgress progress)
    {
        _progress.Set(0, progress.Partition.Value);
        _progress.Set(1, Positions.Of(progress.Generation, progress.Next));
        _progress.Set(2, progress.LastChecksum);
        _progress.Set(3, progress.Accepted);
        _progress.Set(4, progress.UnknownFrames);
        _progress.EndRow();
    }
}

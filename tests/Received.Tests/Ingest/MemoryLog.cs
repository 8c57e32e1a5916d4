using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>A log in memory whose appends can be held or made to fail: the port's other side, as a script.</summary>
sealed class MemoryLog(int partitions = 8) : ILog
{
    readonly Lock _gate = new();
    readonly List<byte[]>[] _frames = [.. Enumerable.Range(0, partitions).Select(_ => new List<byte[]>())];

    public LogIdentity Identity { get; init; } =
        new(Guid.Parse("00000000-0000-0000-0000-000000000001"), 3, partitions, LogIdentity.DefaultDedupeWindow, 42);

    /// <summary>Awaited before each append becomes durable; may throw.</summary>
    public Func<PartitionId, Task> BeforeAppend { get; set; } = _ => Task.CompletedTask;

    public int AppendCalls;

    public async Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame)
    {
        Interlocked.Increment(ref AppendCalls);
        var before = frame.ToArray();
        await BeforeAppend(partition);
        Assert.True(frame.Span.SequenceEqual(before), "the frame's memory changed while it was being appended");
        lock (_gate)
        {
            _frames[partition.Value].Add(before);
            return _frames[partition.Value].Count - 1;
        }
    }

    public LogExtent Extent(PartitionId partition)
    {
        lock (_gate) return new(0, _frames[partition.Value].Count);
    }

    public ValueTask ObserveHeadsAsync(
        ReadOnlyMemory<PartitionId> partitions, Memory<long> heads, CancellationToken cancellation = default)
    {
        for (var i = 0; i < partitions.Length; i++) heads.Span[i] = Extent(partitions.Span[i]).Head;
        return default;
    }

    public ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            var frames = _frames[partition.Value];
            return new(new LogBatch(
                [.. frames.Skip((int)offset).Select((f, i) => new LogRecord(offset + i, FrameHeader.Check(f), f))],
                null));
        }
    }

    public Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => default;

    /// <summary>All events in the log, by position.</summary>
    public IReadOnlyList<StoredEvent> Events()
    {
        var stored = new List<StoredEvent>();
        var codec = new FrameCodec();
        var columns = new EventColumns();
        lock (_gate)
        {
            for (var p = 0; p < partitions; p++)
            {
                for (var offset = 0; offset < _frames[p].Count; offset++)
                {
                    Assert.True(codec.TryDecode(_frames[p][offset], columns));
                    for (var i = 0; i < columns.Count; i++)
                        stored.Add(StoredEvent.Of(columns, i, new(Identity.Generation, new((ushort)p), offset, i)));
                }
            }
        }

        return stored;
    }

    public IReadOnlyList<FrameHeader> Headers()
    {
        lock (_gate)
        {
            return [.. _frames.SelectMany(f => f).Select(f =>
            {
                Assert.True(FrameHeader.TryRead(f, out var header));
                return header;
            })];
        }
    }
}

/// <summary>An event as it rests in the log.</summary>
sealed record StoredEvent(
    LogPosition Position, uint Account, string CustomerRef, string CustomerName, string ProductRef, string ProductName,
    string Currency, string EntityRef, long TimestampMs, long ReceivedAtMs, string Quantity, string Key, string Data)
{
    public static StoredEvent Of(EventColumns columns, int i, LogPosition position)
    {
        var customer = columns.Customer[i];
        var product = columns.Product[i];
        var assertion = columns.Assertion[i];
        return new(
            position, columns.Customers.Account(customer).Value,
            Text(columns.Customers.Ref(customer)), Text(columns.Customers.Name(customer)),
            Text(columns.Products.Ref(product)), Text(columns.Products.Name(product)),
            Text(columns.Assertions.Name(assertion)), Text(columns.Assertions.Ref(assertion)),
            columns.TimestampMs[i], columns.ReceivedAtMs[i], Format(columns.Quantity[i]),
            Convert.ToHexString(columns.Keys[i]), Text(columns.Data[i]));
    }

    static string Format(Int128 scaled) => global::Received.Model.Quantity.Format(scaled);

    static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}

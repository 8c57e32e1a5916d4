using Received.Model;

namespace Received.Log;

/// <summary>
/// The durable, ordered log of frames. Goal: law 1 (a completed append survives the process and the power) and one
/// order per partition. Invariant: readers see only what is durable; an offset, once seen, always means the same frame.
/// </summary>
public interface ILog : IAsyncDisposable
{
    LogIdentity Identity { get; }

    /// <summary>
    /// Appends an encoded frame of <paramref name="partition"/>. Completes with its offset when it is durable. Appends
    /// of one caller to one partition take the order of the calls. The memory must stay unchanged until completion.
    /// </summary>
    /// <exception cref="LogUnavailableException">
    /// Not durable; whether it is in the log all the same is unknown. Disk full, log failing, or closing.
    /// </exception>
    Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame);

    /// <summary>What can be read now: half-open, [Start, Head).</summary>
    /// <remarks>
    /// The newest known: a log that others append to may have grown since. <see cref="ObserveHeadsAsync"/> asks it.
    /// </remarks>
    LogExtent Extent(PartitionId partition);

    /// <summary>
    /// The partitions' heads as they were at some time after the call began: everything that was acknowledged before
    /// the call, by whatever process, is below them. Law 7 rests on that.
    /// </summary>
    /// <param name="heads">Written by the index of <paramref name="partitions"/>; at least as long.</param>
    /// <exception cref="LogUnavailableException">The log does not answer.</exception>
    ValueTask ObserveHeadsAsync(
        ReadOnlyMemory<PartitionId> partitions, Memory<long> heads, CancellationToken cancellation = default);

    /// <summary>
    /// Durable records from <paramref name="offset"/> on, in order, about <paramref name="bytesMax"/> bytes and at
    /// least one record if there is one; empty at the head. Broken records are among them, marked.
    /// </summary>
    /// <exception cref="LogRangeException">The offset is before the log's start or past its head.</exception>
    ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation = default);

    /// <summary>Completes when the partition's head is past <paramref name="offset"/>.</summary>
    Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation = default);

    /// <summary>
    /// Allows the log to forget what is before each partition's offset (index = partition). It deletes whole segments
    /// at its leisure, never anything at or past these offsets.
    /// </summary>
    ValueTask TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation = default);
}

/// <summary>The readable part of a partition: [Start, Head).</summary>
public readonly record struct LogExtent(long Start, long Head);

/// <summary>How a stored record was found when it was read.</summary>
public enum RecordState : byte
{
    /// <summary>Header and payload match their checksums.</summary>
    Whole,

    /// <summary>The header is sound, so the event count is known; the payload is not.</summary>
    PayloadBroken,

    /// <summary>Nothing about the frame is known but its offset.</summary>
    HeaderBroken,
}

/// <summary>A record as read.</summary>
/// <param name="Frame">Header and payload; the header alone when the payload is broken; empty when both are.</param>
public readonly record struct LogRecord(long Offset, RecordState State, ReadOnlyMemory<byte> Frame)
{
    /// <summary>A stored frame's bytes, marked as they are found.</summary>
    public static LogRecord Of(long offset, ReadOnlyMemory<byte> frame)
    {
        var found = FrameHeader.Check(frame.Span);
        return found switch
        {
            RecordState.Whole => new(offset, found, frame),
            RecordState.PayloadBroken => new(offset, found, frame[..FrameHeader.Bytes]),
            RecordState.HeaderBroken => new(offset, found, default),
        };
    }
}

/// <summary>Records of one partition in order, in rented memory: dispose it when they have been decoded.</summary>
public sealed class LogBatch(IReadOnlyList<LogRecord> records, IDisposable? memory) : IDisposable
{
    public static readonly LogBatch Empty = new([], null);

    public IReadOnlyList<LogRecord> Records { get; } = records;

    public void Dispose() => memory?.Dispose();
}

/// <summary>The log cannot make anything durable at the moment: 503 and retry.</summary>
public sealed class LogUnavailableException(string message, LogUnavailableReason reason, Exception? inner = null)
    : Exception(message, inner)
{
    public LogUnavailableReason Reason { get; } = reason;
}

public enum LogUnavailableReason
{
    DiskFull,
    Failing,
    Closing,

    /// <summary>More waits for the log than may; the frame is not in it.</summary>
    Busy,
}

/// <summary>An offset that the log does not have: it was cut, or is another log.</summary>
public sealed class LogRangeException(string message) : Exception(message);

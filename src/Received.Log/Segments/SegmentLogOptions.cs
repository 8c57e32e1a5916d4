using System.ComponentModel.DataAnnotations;
using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// What a segment log is made and run with. Partition count and dedupe window are fixed with the log.
/// </summary>
public sealed class SegmentLogOptions
{
    /// <summary>
    /// Segments are scanned in one piece of memory when their index is lost, and places in them take 32 bits.
    /// </summary>
    public const int SegmentBytesMax = 1 << 30;

    /// <summary>As many partition heads as a copy of the segment header has room for.</summary>
    public const int PartitionCountMax = 128;

    /// <summary>
    /// The log's folder; made when it is missing. Whoever opens the log holds a lock on it or on one above it.
    /// </summary>
    public required string Folder { get; init; }

    /// <summary>
    /// Partitions of a log that is made now; fixed with the log. Each is rated in order, different ones side by side.
    /// </summary>
    [Range(1, PartitionCountMax)]
    public int PartitionCount { get; init; } = 8;

    /// <summary>
    /// How long, in log time, a log that is made now remembers an event's identity; fixed with the log. Sent again
    /// later, an event counts twice.
    /// </summary>
    public TimeSpan DedupeWindow { get; init; } = LogIdentity.DefaultDedupeWindow;

    /// <summary>
    /// Bytes of a segment file, allocated and zeroed ahead. 64 MiB: at 500 MB/s a new one eight times a second, and
    /// scanned within a tenth of a second after an unclean end.
    /// </summary>
    [Range(SegmentHeader.Bytes * 2, SegmentBytesMax)]
    public int SegmentBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Frame bytes that may wait for the writer; more is refused, so that overload shows at the door. A tenth of a
    /// second at 500 MB/s.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int QueueBytesMax { get; init; } = 64 << 20;

    /// <summary>
    /// Frame bytes that share one write and one fdatasync at most: bounds the wait of the first among them.
    /// </summary>
    [Range(1, SegmentBytesMax)]
    public int GroupBytesMax { get; init; } = 8 << 20;

    /// <summary>
    /// Segments younger than this stay, even where every reader has passed them. A week to look at or rate again.
    /// </summary>
    public TimeSpan RetentionMin { get; init; } = TimeSpan.FromDays(7);

    /// <exception cref="LogRefusedException">
    /// A setting that cannot work; the message names it and what would be right.
    /// </exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Folder)) throw new LogRefusedException("Log folder: must be given.");
        var results = new List<ValidationResult>();
        if (!Validator.TryValidateObject(this, new(this), results, validateAllProperties: true))
            throw new LogRefusedException("Log: " + string.Join(' ', results.Select(result => result.ErrorMessage)));
        if (DedupeWindow <= TimeSpan.Zero)
            throw new LogRefusedException($"Log DedupeWindow: {DedupeWindow} must be above zero.");
        if (RetentionMin < TimeSpan.Zero)
            throw new LogRefusedException($"Log RetentionMin: {RetentionMin} must not be below zero.");
    }
}

/// <summary>The log, or its folder, cannot be opened as asked; the message says why and what would be right.</summary>
public sealed class LogRefusedException(string message, Exception? inner = null) : Exception(message, inner);

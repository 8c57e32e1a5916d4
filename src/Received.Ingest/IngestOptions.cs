using System.ComponentModel.DataAnnotations;

namespace Received.Ingest;

/// <summary>Options of the front door: section <c>Received:Ingest</c>. Checked when the server starts.</summary>
public sealed class IngestOptions
{
    public const string Section = "Received:Ingest";

    /// <summary>Body of a single event, in bytes: four times the largest additional_report_data.</summary>
    [Range(1024, 64 * 1024)]
    public int SingleBodyBytesMax { get; set; } = 64 * 1024;

    /// <summary>Body of a batch, in bytes, expanded where it came compressed: 40,000 events of 400 bytes.</summary>
    [Range(1024, 256 * 1024 * 1024)]
    public int BatchBodyBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Events of one batch: answers by index stay readable, and a request's arrays below 20 MB.</summary>
    [Range(1, 1_000_000)]
    public int BatchEventsMax { get; set; } = 50_000;

    /// <summary>Timestamps further back are refused.</summary>
    public TimeSpan PastLimit { get; set; } = TimeSpan.FromDays(35);

    /// <summary>Timestamps further ahead are refused.</summary>
    public TimeSpan FutureLimit { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How far clocks of doors and of the log's other writers may differ.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Bytes of bodies being read or waiting for the log, of all requests. Past it: 503.</summary>
    [Range(1024 * 1024, int.MaxValue)]
    public int BytesInFlightMax { get; set; } = 128 * 1024 * 1024;

    /// <summary>
    /// The part of <see cref="BytesInFlightMax"/> that one account may hold, in percent, so that none starves the
    /// others. Past it: 429.
    /// </summary>
    [Range(1, 100)]
    public int AccountSharePercent { get; set; } = 50;

    /// <summary>How long a request waits for room before it is turned away.</summary>
    public TimeSpan RoomWait { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Frames of a partition that may be on their way to the log at once. While so many are, events gather: the busier
    /// the log, the larger the frames.
    /// </summary>
    [Range(1, 64)]
    public int AppendsInFlightMax { get; set; } = 2;

    /// <summary>
    /// Memory for large receive blocks, half a megabyte each, of which a connection holds one while a body comes in.
    /// Past it connections get blocks of 4 KiB: slower, and nothing is refused.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int ReceiveBytesMax { get; set; } = 64 * 1024 * 1024;

    /// <summary>What Retry-After says, in seconds.</summary>
    [Range(1, 3600)]
    public int RetryAfterSeconds { get; set; } = 1;
}

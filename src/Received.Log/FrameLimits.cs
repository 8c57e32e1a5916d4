namespace Received.Log;

/// <summary>Bounds of a frame; every writer keeps them and every reader refuses what is past them.</summary>
public static class FrameLimits
{
    /// <summary>Far above what a linger of 2 ms collects at 5 M events/s (10,000), and an index fits 16 bits.</summary>
    public const int EventsMax = 65_536;

    /// <summary>
    /// Uncompressed payload at which a frame is sealed: compressed frames stay below Kafka's default
    /// message.max.bytes (1,048,588), even where nothing compresses.
    /// </summary>
    public const int RawBytesSeal = 768 * 1024;

    /// <summary>The largest frame that anyone may write: one more event of the largest size behind the seal.</summary>
    public const int RawBytesMax = 1_000_000;

    /// <summary>0001-01-01T00:00Z: the first instant that a timestamp's text can name.</summary>
    public const long TimeMinMs = -62_135_596_800_000;

    /// <summary>The last millisecond of the year 9999.</summary>
    public const long TimeMaxMs = 253_402_300_799_999;
}

namespace Received.Model;

/// <summary>
/// The grain of stored totals: 15 minutes UTC, half-open. Every civil time zone's offset since 1980 is a multiple
/// of it, so hours, days and months of any zone are whole numbers of windows. A window is named by its number since
/// 1970-01-01T00:00Z.
/// </summary>
public static class UsageWindow
{
    public const long LengthMs = 15 * 60 * 1000;

    /// <summary>The window that contains the instant (milliseconds since 1970, negative before it).</summary>
    public static int Of(long unixMs) => checked((int)Math.DivRem(unixMs, LengthMs).Quotient
        - (unixMs % LengthMs < 0 ? 1 : 0));

    /// <summary>The window's first millisecond since 1970.</summary>
    public static long StartMs(int window) => window * LengthMs;

    public static bool IsBoundary(long unixMs) => unixMs % LengthMs == 0;
}

namespace Received.Bench.Load;

/// <summary>
/// A prepared request, owned by one connection. Each idempotency key in it is a hole of hexadecimal digits, written
/// before each sending, so that no key is ever sent twice.
/// </summary>
sealed class LoadRequest(byte[] bytes, int[] keyHoles, LoadEvent[] events)
{
    public const int KeyDigits = 16;

    public ReadOnlySpan<byte> Bytes => bytes;

    public ReadOnlySpan<byte> Body => bytes.AsSpan(bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4);

    public int Events => events.Length;

    /// <summary>How often it was answered with 200.</summary>
    public long Acknowledged { get; set; }

    public void WriteKeys(ref ulong nextKey)
    {
        foreach (var hole in keyHoles)
        {
            var key = Mix(nextKey);
            nextKey = unchecked(nextKey + 1);
            for (var i = 0; i < KeyDigits; i += 2)
            {
                var digit = "0123456789abcdef"u8;
                bytes[hole + i] = digit[(int)(key >> 60)];
                bytes[hole + i + 1] = digit[(int)((key >> 56) & 15)];
                key <<= 8;
            }
        }
    }

    public void AddTo(LoadTotals totals)
    {
        foreach (var e in events)
            totals.Add(LoadEvent.CustomerRef(e.Customer), e.Product, e.Hundredths * Acknowledged, Acknowledged);
    }

    /// <summary>Distinct for distinct inputs, without a pattern that packs well (SplitMix64's finisher).</summary>
    static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}

/// <summary>What an event of a prepared request adds to the totals; its quantity in hundredths.</summary>
readonly record struct LoadEvent(int Customer, string Product, int Hundredths)
{
    public static string CustomerRef(int customer) => $"4096966d-5c1c-4e18-8b47-{customer:x12}";
}

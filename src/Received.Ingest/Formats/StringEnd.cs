using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Received.Ingest.Formats;

/// <summary>
/// Where a JSON string may stop: a quotation mark, a backslash or a control character. The hot loop of both paths.
/// Law: a vector is loaded only where all of it lies within the text.
/// </summary>
static class StringEnd
{
    /// <summary>The first stop at or behind <paramref name="at"/>, or the text's length.</summary>
    public static int Find(ReadOnlySpan<byte> text, int at)
    {
        ref var first = ref MemoryMarshal.GetReference(text);
        for (; at <= text.Length - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            var bytes = Vector256.LoadUnsafe(ref first, (nuint)at);
            var stops = Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
                | Vector256.LessThan(bytes, Vector256.Create((byte)0x20));
            var mask = stops.ExtractMostSignificantBits();
            if (mask != 0) return at + BitOperations.TrailingZeroCount(mask);
        }

        while (at < text.Length && text[at] >= 0x20 && text[at] != '"' && text[at] != '\\') at++;
        return at;
    }
}

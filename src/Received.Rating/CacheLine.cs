using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Received.Rating;

/// <summary>
/// Asks the processor for memory that is used soon. What rating keeps of a partition has left the caches by the time
/// its next frame comes: fetched for a whole frame side by side it costs a fraction of what it does one by one.
/// </summary>
static unsafe class CacheLine
{
    public const int Bytes = 64;

    /// <summary>Does nothing where the processor knows no such thing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch<T>(ref readonly T place)
    {
        // Nothing is read by it: an address that the collector has moved from, or none, does no harm.
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in place)));
    }
}

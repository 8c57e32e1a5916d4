using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Received.Log.Segments;

/// <summary>
/// Zeros past the page cache: through it, preparing a segment copies as many bytes as filling it does, and puts out of
/// memory what is needed.
/// </summary>
static class DirectZeros
{
    // Of Linux: write only, closed in a child process.
    const int WriteOnly = 1;
    const int CloseOnExec = 0x80000;

    const int Piece = 1 << 20;
    const int Alignment = 4096;

    /// <summary>False where the system or file system cannot: some of it may be written then.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public static unsafe bool TryWrite(string path, long bytes)
    {
        if (Direct is not { } direct || bytes % Alignment != 0) return false;
        var descriptor = DiskFiles.OpenNative(path, WriteOnly | CloseOnExec | direct);
        if (descriptor < 0) return false;
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        var zeros = (byte*)NativeMemory.AlignedAlloc(Piece, Alignment);
        try
        {
            NativeMemory.Clear(zeros, Piece);
            for (long at = 0; at < bytes; at += Piece)
                RandomAccess.Write(handle, new ReadOnlySpan<byte>(zeros, (int)Math.Min(Piece, bytes - at)), at);
            return true;
        }
        catch (IOException error) when (!DiskFiles.IsDiskFull(error))
        {
            // A disk with larger blocks; where it is broken, writing the ordinary way says so.
            return false;
        }
        finally
        {
            NativeMemory.AlignedFree(zeros);
        }
    }

    /// <summary>O_DIRECT, which is another bit on each processor; null where it is not known.</summary>
    static int? Direct => !OperatingSystem.IsLinux() ? null : RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0x4000,
        Architecture.Arm64 => 0x10000,
        _ => null,
    };
}

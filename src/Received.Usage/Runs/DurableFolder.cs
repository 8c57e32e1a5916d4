using System.Runtime.InteropServices;

namespace Received.Usage.Runs;

/// <summary>Makes names durable: without it a renamed file can be gone after a power cut though its bytes are
/// not.</summary>
static partial class DurableFolder
{
    const int ReadOnly = 0;

    /// <exception cref="IOException">Whether the folder's names are durable is unknown.</exception>
    public static void Sync(string folder)
    {
        // NTFS journals its names, and a folder cannot be flushed there.
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(folder, ReadOnly);
        if (descriptor < 0) throw Failed(folder);
        try
        {
            if (Fsync(descriptor) != 0) throw Failed(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    static IOException Failed(string folder) =>
        new($"The folder {folder} could not be made durable (errno {Marshal.GetLastPInvokeError()}).");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Received.Log.Segments;

/// <summary>The machine's file system.</summary>
public sealed partial class DiskFiles : FileLayer
{
    // errno of Linux and macOS; the last two are Windows' ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    const int NoSpace = 28;
    const int QuotaLinux = 122;
    const int QuotaMac = 69;
    const int WindowsDiskFull = unchecked((int)0x80070070);
    const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <summary>Whether the error says that there is no room: .NET keeps errno in HResult.</summary>
    public static bool IsDiskFull(Exception error) => error is IOException
    {
        HResult: NoSpace or QuotaLinux or QuotaMac or WindowsDiskFull or WindowsHandleDiskFull
    };

    public override void CreateFolder(string folder)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar));
        if (Directory.Exists(folder))
        {
            // Whoever made it may have been killed before its name was synced. It may be above what we may open.
            if (parent is not null) TrySyncFolder(parent);
            return;
        }

        if (parent is not null) CreateFolder(parent);
        Directory.CreateDirectory(folder);
        if (parent is not null) SyncFolder(parent);
    }

    void TrySyncFolder(string folder)
    {
        try
        {
            SyncFolder(folder);
        }
        catch (IOException)
        {
            // A folder that we cannot even read was not made by us.
        }
    }

    public override IReadOnlyList<string> List(string folder) =>
        [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))];

    // Sharing everything leaves out .NET's advisory lock per file: FolderLock guards the folder as a whole.
    public override LogFile Open(string path) => new DiskFile(path, File.OpenHandle(
        path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    public override LogFile Create(string path, long bytes) => new DiskFile(path, File.OpenHandle(
        path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete,
        preallocationSize: bytes));

    public override void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public override void Delete(string path) => File.Delete(path);

    public override void SyncFolder(string folder)
    {
        // Windows journals names by itself and gives no handle to sync.
        if (OperatingSystem.IsWindows()) return;
        var descriptor = OpenNative(folder, 0);
        if (descriptor < 0) throw Failed("open", folder);
        try
        {
            if (FsyncNative(descriptor) != 0) throw Failed("fsync", folder);
        }
        finally
        {
            _ = CloseNative(descriptor);
        }
    }

    static IOException Failed(string call, string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new($"{call} of {what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenNative(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdatasyncNative(SafeFileHandle handle);

    sealed class DiskFile(string path, SafeFileHandle handle) : LogFile
    {
        public override long Length => RandomAccess.GetLength(handle);

        public override int Read(Span<byte> target, long position)
        {
            var total = 0;
            while (total < target.Length)
            {
                var read = RandomAccess.Read(handle, target[total..], position + total);
                if (read == 0) break;
                total += read;
            }

            return total;
        }

        public override void Write(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position) =>
            RandomAccess.Write(handle, pieces, position);

        public override void WriteZeros(long bytes)
        {
            if (!DirectZeros.TryWrite(path, bytes)) base.WriteZeros(bytes);
        }

        public override void Sync()
        {
            // .NET's own flush is fsync, which also waits for the time stamps: a second journal write per group.
            if (!OperatingSystem.IsLinux())
            {
                RandomAccess.FlushToDisk(handle);
            }
            else if (FdatasyncNative(handle) != 0)
            {
                throw Failed("fdatasync", "segment");
            }
        }

        public override void Truncate(long length) => RandomAccess.SetLength(handle, length);

        public override void Dispose() => handle.Dispose();
    }
}

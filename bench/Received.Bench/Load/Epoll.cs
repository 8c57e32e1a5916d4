using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Received.Bench.Load;

/// <summary>
/// Linux's epoll for the sockets of one thread, edge-triggered: two system calls a request and hardly any code of the
/// runtime between them, so that the generator takes less of the machine than what it measures.
/// </summary>
sealed partial class Epoll : IDisposable
{
    const int Add = 1;
    const uint Readable = 0x1;
    const uint Writable = 0x4;
    const uint EdgeTriggered = 1u << 31;
    const int Interrupted = 4;

    // The kernel packs the structure on x86-64 alone.
    static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    static readonly int EntryBytes = DataOffset + sizeof(ulong);

    readonly int _handle = Checked(Create(0));
    readonly byte[] _entries = new byte[256 * EntryBytes];

    public void Watch(Socket socket, int index)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        MemoryMarshal.Write(entry, Readable | Writable | EdgeTriggered);
        MemoryMarshal.Write(entry[DataOffset..], (ulong)index);
        Checked(Control(_handle, Add, (int)socket.Handle, ref MemoryMarshal.GetReference(entry)));
    }

    /// <summary>How many sockets have something to do; at once where ticks are not positive.</summary>
    /// <param name="ticks">How long to wait at most, of the stopwatch: nanoseconds.</param>
    public int Wait(long ticks)
    {
        var limit = new TimeSpec(Math.Max(0, ticks) / 1_000_000_000, Math.Max(0, ticks) % 1_000_000_000);
        var count = WaitFor(
            _handle, ref MemoryMarshal.GetArrayDataReference(_entries), _entries.Length / EntryBytes, limit, 0);
        if (count < 0 && Marshal.GetLastPInvokeError() == Interrupted) return 0;
        return Checked(count);
    }

    /// <summary>What <see cref="Watch"/> was given, of the entry that the last wait found.</summary>
    public int IndexAt(int entry) => (int)MemoryMarshal.Read<ulong>(_entries.AsSpan((entry * EntryBytes) + DataOffset));

    public void Dispose() => _ = Close(_handle);

    static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int handle, int operation, int socket, ref byte entry);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    private static partial int WaitFor(int handle, ref byte entries, int most, in TimeSpec limit, nint mask);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);

    readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}

using System.Runtime.InteropServices;

namespace Received.Log.Segments;

/// <summary>
/// The short wait before a group is written while the process has more to do than it gets to: what is being done ends
/// in further frames, and a write and fdatasync cost much the same whatever they carry. A process with a core to spare
/// does not wait, so one event alone is written at once. (PostgreSQL's commit_delay, but by the queue of the thread
/// pool instead of a count of transactions.)
/// </summary>
static partial class GroupWait
{
    // Half a millisecond and what the system's timer adds, in steps since the queue may be empty any time.
    const int StepsMax = 5;
    const uint StepMicroseconds = 100;

    public static void WhileOthersWork()
    {
        // Nothing there sleeps for less than a millisecond.
        if (OperatingSystem.IsWindows()) return;
        for (var i = 0; i < StepsMax && ThreadPool.PendingWorkItemCount > 0; i++) _ = SleepNative(StepMicroseconds);
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int SleepNative(uint microseconds);
}

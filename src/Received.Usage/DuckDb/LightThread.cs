using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Received.Usage.DuckDb;

/// <summary>
/// Runs work on a thread that gets a tenth of what others get of busy cores (sched(7): each step of nice is a factor of
/// about 1.25), and all of an idle one. .NET's own thread priorities do nothing on Linux. The thread ends with its
/// work, since an ordinary user may not raise it again; and another one waits for it and goes on, since threads that a
/// light one starts (the thread pool's, for what follows an awaited task) would be light for their whole lives.
/// Where the system knows no such thing, or refuses, the work runs all the same.
/// </summary>
static partial class LightThread
{
    const int Nice = 10;
    const int PrioProcess = 0;

    public static T Run<T>(Func<T> work)
    {
        var result = default(T);
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            // 0 is the calling thread on Linux alone (setpriority(2), "C library/kernel differences").
            if (OperatingSystem.IsLinux()) _ = SetPriority(PrioProcess, 0, Nice);
            try
            {
                result = work();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            IsBackground = true,
            Name = "archive",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);
}

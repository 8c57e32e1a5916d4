using Received.Billing.Store;
using Received.Log.Segments;

namespace Received.Server.Hosting;

/// <summary>What lies where in a data folder.</summary>
static class DataFolder
{
    /// <summary>Makes the folder, for its owner alone: it holds customers' usage and a control token.</summary>
    public static void Create(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(
                folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>
    /// Before billing.db may be made: over a log it would number new accounts like the lost ones, and show them the
    /// usage of those (law 12). It is always made before the log, so a log without it has lost it.
    /// </summary>
    /// <exception cref="LogRefusedException">billing.db is gone.</exception>
    public static void CheckAccounts(string folder)
    {
        var accounts = Path.Combine(folder, BillingStore.FileName);
        if (!File.Exists(accounts) && Directory.Exists(Log(folder)))
            throw new LogRefusedException(
                $"{accounts} with all accounts and keys is gone, but the usage of those accounts is there. New ones "
                + "would be taken for them: put the file back from a copy.");
    }

    public static string Log(string folder) => Path.Combine(folder, "log");

    public static string Usage(string folder) => Path.Combine(folder, "usage.duckdb");

    public static string Keys(string folder) => Path.Combine(folder, "keys");
}

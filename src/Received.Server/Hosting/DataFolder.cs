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

    public static string Log(string folder) => Path.Combine(folder, "log");

    public static string Usage(string folder) => Path.Combine(folder, "usage.duckdb");

    public static string Keys(string folder) => Path.Combine(folder, "keys");
}

using System.Diagnostics;
using System.Text.Json;

namespace Received.Server.Hosting;

/// <summary>
/// A file in the data folder for each server that runs on it: where it listens, and the secret that commands beside it
/// show. <c>server.json</c> is of the one that holds the folder; those that share it have
/// <c>server-<i>random</i>.json</c>. Invariant: readable by the folder's owner alone. A file left by a kill is
/// harmless: its server does not answer.
/// </summary>
/// <param name="Machine">Process ids mean something on this machine alone; containers are machines too.</param>
sealed record ServerFile(string Url, int Pid, string ControlToken, string Machine)
{
    const string OnlyName = "server.json";
    const string SharedPattern = "server-*.json";

    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A server's own file; deleted by <see cref="Delete"/>.</summary>
    /// <param name="isOnly">Whether this server holds the folder.</param>
    public static string PathIn(string folder, bool isOnly) =>
        Path.Combine(folder, isOnly ? OnlyName : $"server-{Guid.NewGuid():N}.json");

    /// <summary>Written beside and renamed, so that a reader sees all of it or nothing.</summary>
    public void Write(string path)
    {
        var fresh = path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(fresh, options)) JsonSerializer.Serialize(file, this);
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>All that can be understood, the newest first.</summary>
    public static IReadOnlyList<ServerFile> ReadAll(string folder) =>
        [.. Paths(folder).OrderByDescending(File.GetLastWriteTimeUtc).Select(Read).OfType<ServerFile>()];

    public static void Delete(string path) => File.Delete(path);

    /// <summary>Deletes what servers of this machine left that were killed.</summary>
    public static void DeleteStale(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, SharedPattern))
            if (Read(path) is { } file && file.Machine == Environment.MachineName && !IsRunning(file.Pid))
                File.Delete(path);
    }

    static IEnumerable<string> Paths(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        return Directory.EnumerateFiles(folder, SharedPattern).Append(Path.Combine(folder, OnlyName));
    }

    static ServerFile? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ServerFile>(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    static bool IsRunning(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

using System.Globalization;

namespace Received.Log.Segments;

/// <summary>
/// One process per folder. The lock is the kernel's (flock), so it ends with the process however that ends; the
/// holder's process id and start stand beside it only to be told to whoever comes second.
/// </summary>
public static class FolderLock
{
    const string LockName = "lock";
    const string HolderName = "lock.holder";

    /// <summary>Takes the folder until the result is disposed. The folder is made when it is missing.</summary>
    /// <exception cref="LogRefusedException">Another process, or another part of this one, holds it.</exception>
    public static IDisposable Take(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        FileStream held;
        try
        {
            held = new(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (error is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new LogRefusedException(
                $"The folder {Path.GetFullPath(folder)} is in use by {Holder(folder) ?? "another process"}. "
                + "Stop it first, or give another folder.", error);
        }

        try
        {
            File.WriteAllText(
                Path.Combine(folder, HolderName),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"process {Environment.ProcessId}, which took it at {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC"));
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Who wrote itself down as holder last; null where nobody did. Says nothing about whether it still holds.
    /// </summary>
    public static string? Holder(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, HolderName));
        }
        catch (IOException)
        {
            return null;
        }
    }
}

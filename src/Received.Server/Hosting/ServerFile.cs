using System.Text.Json;

namespace Received.Server.Hosting;

/// <summary>
/// <c>server.json</c> in the data folder: where the running server listens, and the secret that commands beside it
/// show. Invariant: readable by the folder's owner alone. A file left by a kill is harmless: its server does not
/// answer.
/// </summary>
sealed record ServerFile(string Url, int Pid, string ControlToken)
{
    public const string FileName = "server.json";

    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Written beside and renamed, so that a reader sees all of it or nothing.</summary>
    public void Write(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var fresh = path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(fresh, options)) JsonSerializer.Serialize(file, this);
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Null where there is none, or it cannot be understood.</summary>
    public static ServerFile? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<ServerFile>(File.ReadAllBytes(Path.Combine(folder, FileName)));
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    public static void Delete(string folder) => File.Delete(Path.Combine(folder, FileName));
}

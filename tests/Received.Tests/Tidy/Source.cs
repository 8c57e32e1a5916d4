using System.Runtime.CompilerServices;

namespace Received.Tests.Tidy;

/// <summary>The repository's own files, found from this file's place.</summary>
static class Source
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/") && !path.Contains("/bin/"))
            .Order(StringComparer.Ordinal);

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    static string FindRoot([CallerFilePath] string here = "")
    {
        // Deterministic CI builds rewrite source paths: the build's output is below the root as well.
        foreach (var start in new[] { Path.GetDirectoryName(here), AppContext.BaseDirectory })
        {
            for (var folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
                if (File.Exists(Path.Combine(folder, "Received.sln"))) return folder;
        }

        throw new InvalidOperationException("Received.sln was not found above the tests.");
    }
}

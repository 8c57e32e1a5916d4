using Microsoft.Extensions.Logging;

namespace Received.Usage.Runs;

/// <summary>Finds the runs of a folder after whatever end it had.</summary>
static class RunFolder
{
    /// <summary>
    /// Opens the runs, in order of age, and deletes what a crash has left: files without their final name, and inputs
    /// of a merge whose output is there.
    /// </summary>
    /// <exception cref="KeyIndexCorruptException">A run is broken, or no run of ours.</exception>
    public static List<Run> Open(string folder, ILogger logger)
    {
        Directory.CreateDirectory(folder);
        foreach (var path in Directory.GetFiles(folder, "*" + RunWriter.TemporaryExtension))
        {
            logger.LeftoverDeleted(path);
            File.Delete(path);
        }

        var runs = new List<Run>();
        try
        {
            // The widest first: it is opened, so it is whole, before anything within it is deleted.
            foreach (var (path, range) in Ranges(folder).OrderBy(run => run.Range.First)
                .ThenByDescending(run => run.Range.Last))
            {
                if (runs.Count == 0 || !runs[^1].Range.Overlaps(range))
                {
                    runs.Add(Run.Open(path, range));
                    continue;
                }

                if (!runs[^1].Range.Contains(range))
                    throw new KeyIndexCorruptException(path, $"it overlaps {runs[^1].Range.FileName}");
                logger.LeftoverDeleted(path);
                File.Delete(path);
            }
        }
        catch
        {
            foreach (var run in runs) run.LetGo();
            throw;
        }

        return runs;
    }

    static List<(string Path, RunRange Range)> Ranges(string folder)
    {
        var found = new List<(string, RunRange)>();
        foreach (var path in Directory.GetFiles(folder, "*" + RunRange.Extension))
        {
            if (!RunRange.TryParse(Path.GetFileName(path), out var range))
                throw new KeyIndexCorruptException(path, "its name is not that of a run");
            found.Add((path, range));
        }

        return found;
    }
}

namespace Received.Usage.Runs;

/// <summary>
/// A run's bytes are not those that were written. Going on without it could count events twice, so nothing does; the
/// index is derived from the log and can be made anew.
/// </summary>
public sealed class KeyIndexCorruptException(string path, string finding) : Exception(
    $"The key index file {path} is corrupt: {finding}. Duplicates cannot be told any more. The index is derived from "
    + $"the log: stop the server and delete the whole folder {Path.GetDirectoryName(path)}; the next start makes it "
    + "anew.")
{
    public string FilePath { get; } = path;

    /// <summary>What is wrong with the file, without capital and full stop.</summary>
    public string Finding { get; } = finding;
}

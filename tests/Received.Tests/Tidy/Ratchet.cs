namespace Received.Tests.Tidy;

/// <summary>
/// Today's exceptions to the limits (tests/Received.Tests/Tidy/ratchet.txt): each may stay as it is or shrink, none
/// may grow or
/// be added, and one that is no longer needed must be taken out.
/// </summary>
static class Ratchet
{
    public static string Path { get; } = System.IO.Path.Combine(Source.Root, "tests/Received.Tests/Tidy/ratchet.txt");

    /// <summary>"rule place value" lines.</summary>
    public static IReadOnlyDictionary<string, int> Read(string rule) => File.ReadLines(Path)
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(parts => parts[0] == rule)
        .ToDictionary(parts => parts[1], parts => int.Parse(parts[2]));

    /// <summary>Complaints about found values past the limit, against the exceptions.</summary>
    public static List<string> Compare(string rule, int limit, IReadOnlyDictionary<string, int> found)
    {
        var allowed = Read(rule);
        var complaints = new List<string>();
        foreach (var (place, value) in found.Where(entry => entry.Value > limit))
        {
            if (!allowed.TryGetValue(place, out var most))
                complaints.Add($"{rule}: {place} is {value}, the limit is {limit}");
            else if (value > most)
                complaints.Add($"{rule}: {place} grew from {most} to {value}");
        }

        complaints.AddRange(allowed
            .Where(entry => !found.TryGetValue(entry.Key, out var value) || value <= limit)
            .Select(entry => $"{rule}: {entry.Key} no longer needs its exception"));
        return complaints;
    }
}

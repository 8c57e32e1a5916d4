using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Received.Bench.Results;

/// <summary>What a figure is worth without: where, on what, and when it was measured.</summary>
sealed record Machine(
    string Processor, int Cores, long MemoryMib, string System, string Runtime, string Date)
{
    /// <summary>A folder's name: figures of one kind of machine lie together.</summary>
    public string Name => Regex.Replace(Processor.ToLowerInvariant(), "[^a-z0-9]+", "-").Trim('-') + $"-{Cores}-cores";

    public static Machine Here(DateTimeOffset now) => new(
        ProcessorName(), Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20, RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription, now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    static string ProcessorName()
    {
        const string Field = "model name";
        const string Facts = "/proc/cpuinfo";
        var line = File.Exists(Facts)
            ? File.ReadLines(Facts).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}

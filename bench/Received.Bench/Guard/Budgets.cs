using System.Text.Json;
using Received.Bench.Results;

namespace Received.Bench.Guard;

/// <summary>
/// bench/budgets.json: what the guard allows. Bytes and ratios within one process alone: times say as much about the
/// machine as about the code.
/// </summary>
sealed record Budgets
{
    public required IReadOnlyDictionary<string, double> AllocatedBytesPerEventMax { get; init; }

    public required IReadOnlyDictionary<string, double> RatioMin { get; init; }

    public static string PathDefault => Path.Combine(ResultFile.Root, "bench", "budgets.json");

    public static Budgets Read(string path) =>
        JsonSerializer.Deserialize<Budgets>(File.ReadAllBytes(path), ResultFile.Json)!;
}

using System.Globalization;

namespace Received.Bench.Guard;

/// <summary>
/// The command <c>guard</c>: measures what budgets.json bounds and says what is past its bound. Made for a loaded
/// machine: bytes do not depend on it, and of times only ratios of the shortest of many are taken.
/// </summary>
static class GuardRun
{
    public const string Help = """
        received-bench guard
          --budgets FILE   another than bench/budgets.json
        """;

    /// <returns>0 when everything is within its budget.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var path = arguments.Text("--budgets") ?? Budgets.PathDefault;
        arguments.Check();
        var budgets = Budgets.Read(path);
        var bytes = new Dictionary<string, double>();
        var steps = new GuardedSteps();
        bytes["scan"] = steps.ScanBytes();
        bytes["frame"] = steps.FrameBytes();
        bytes["decode"] = steps.DecodeBytes();
        bytes["rate"] = await GuardedRating.BytesAsync();
        foreach (var (name, value) in await GuardedServer.BytesAsync()) bytes[name] = value;
        var ratios = new Dictionary<string, double> { ["scan_to_system_text_json"] = steps.ScanRatio() };
        var failures = Compare(budgets.AllocatedBytesPerEventMax, bytes, "bytes allocated an event", isMost: true)
            + Compare(budgets.RatioMin, ratios, "times as fast", isMost: false);
        Console.WriteLine(failures == 0
            ? "All within their budgets."
            : $"{failures} past their budgets: make it cheaper again, or raise {path} and say why in the commit.");
        return failures == 0 ? 0 : 1;
    }

    static int Compare(
        IReadOnlyDictionary<string, double> allowed, Dictionary<string, double> measured, string unit, bool isMost)
    {
        var failures = 0;
        foreach (var name in measured.Keys.Union(allowed.Keys))
        {
            // A budget that nobody measures would guard nothing, a figure without a budget neither.
            var isKnown = measured.TryGetValue(name, out var value) & allowed.TryGetValue(name, out var bound);
            var isGood = isKnown && (isMost ? value <= bound : value >= bound);
            if (!isGood) failures++;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(isGood ? "ok  " : "FAIL")}  {name,-28} {value,10:N2} {unit}, {(isMost ? "at most" : "at least")}"
                    + $" {bound:N2}{(isKnown ? "" : ": measured or allowed, not both")}"));
        }

        return failures;
    }
}

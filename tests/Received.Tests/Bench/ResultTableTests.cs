using Received.Bench.Results;
using Received.Tests.Tidy;
using Xunit;

namespace Received.Tests.Bench;

public sealed class ResultTableTests
{
    [Fact]
    public void The_readmes_figures_are_those_of_the_kept_results()
    {
        var readme = File.ReadAllText(Path.Combine(Source.Root, "README.md"));
        Assert.Equal(ResultTable.Update(readme, Path.Combine(Source.Root, "bench", "results")), readme);
    }

    [Fact]
    public void A_load_and_a_comparison_become_rows_with_median_and_spread()
    {
        var folder = Directory.CreateTempSubdirectory("received-results-").FullName;
        try
        {
            var machine = Directory.CreateDirectory(Path.Combine(folder, "some-cpu-2-cores")).FullName;
            const string Facts =
                """{"machine": {"processor": "Some CPU", "cores": 2, "runtime": ".NET 10", "date": "2026-01-02"},""";
            File.WriteAllText(Path.Combine(machine, "load-batch-1000.json"), Facts + """
                "what": "batches of 1000", "peak_resident_mib": 300, "runs": [
                  {"acknowledged_per_s": 1000, "rated_per_s": 900, "p50_ms": 1, "p99_ms": 5,
                   "server_ns_per_event": 100},
                  {"acknowledged_per_s": 3000, "rated_per_s": 800, "p50_ms": 2, "p99_ms": 7,
                   "server_ns_per_event": 200},
                  {"acknowledged_per_s": 2000, "rated_per_s": 700, "p50_ms": 3, "p99_ms": 6,
                   "server_ns_per_event": 300}]}
                """);
            File.WriteAllText(Path.Combine(machine, "compare-batch-1000.json"), Facts + """
                "what": "batches of 1000", "servers": [
                  {"what": "ours", "rated_per_s": {"median": 900, "least": 700, "most": 1100},
                   "p99_ms": {"median": 5}},
                  {"what": "theirs", "acknowledged_per_s": {"median": 1800, "least": 1700, "most": 1900},
                   "p99_ms": {"median": 2}, "ours_rated_ratio": {"median": 0.5, "least": 0.41, "most": 0.6}}]}
                """);
            var table = ResultTable.Make(folder);
            Assert.Contains("Some CPU, 2 cores, .NET 10, 2026-01-02:", table);
            Assert.Contains(
                "| batches of 1000 | 2,000 (1,000 to 3,000) | 800 (700 to 900) | 2.00 | 6.00 | 200 ns | 300 MiB |",
                table);
            Assert.Contains("| ours | 900 (700 to 1,100) | 5.00 |  |", table);
            Assert.Contains("| theirs | 1,800 (1,700 to 1,900) | 2.00 | 0.5 (0.41 to 0.6) |", table);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

using System.Globalization;
using System.Text;
using Received.Tests.Tidy;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>
/// The fast path takes an event with the general path's result, bit for bit, or hands it over; and both agree with
/// System.Text.Json. The long run: RECEIVED_FUZZ_BODIES=10000000, and RECEIVED_FUZZ_SEED for other bodies.
/// </summary>
public sealed class ScanFuzzTests(ITestOutputHelper output)
{
    const int BodiesOfShortRun = 20_000;

    [Fact]
    public void The_fast_path_the_general_path_and_system_text_json_read_the_same()
    {
        var bodies = Setting("RECEIVED_FUZZ_BODIES", BodiesOfShortRun);
        var first = Setting("RECEIVED_FUZZ_SEED", 0);
        var comparison = new ScanComparison();
        for (long i = 0; i < bodies; i++)
        {
            var seed = unchecked((int)(first + i));
            var body = new FuzzBodies(seed);
            if (comparison.Difference(body.Bytes, body.Form, new Random(seed)) is { } difference)
                Assert.Fail($"Seed {seed}, {body.Form}, {difference}\n{Convert.ToHexString(body.Bytes)}");
            if ((i + 1) % 100_000 == 0) Console.WriteLine($"{i + 1} bodies agree, {comparison.Taken} events taken");
        }

        output.WriteLine($"{bodies} bodies agree, {comparison.Taken} events taken, {comparison.TakenFast} times fast");
        // Or it would have compared the general path with itself.
        Assert.True(comparison.Taken > bodies / 2);
        Assert.True(comparison.TakenFast > comparison.Taken / 2, $"{comparison.TakenFast} of {comparison.Taken} fast");
    }

    static long Setting(string name, long otherwise) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;

    /// <summary>Bodies that were once read differently, or are likely to be: see the file's head.</summary>
    [Fact]
    public void Ugly_bodies_are_read_the_same_whatever_shape_was_learned_before()
    {
        var requests = UglyRequest.ReadAll(
            Path.Combine(Source.Root, "tests", "Received.Tests", "Ingest", "ugly-requests.txt"));
        var comparison = new ScanComparison();
        foreach (var taught in new[] { DoorHost.Event(1), DoorHost.Event(2, "c", ", \"customer_name\": \"n\"") })
        {
            foreach (var request in requests.Where(request => request.BodyBytes.Length < 70_000))
            {
                var form = request.Form;
                Assert.Null(comparison.Difference(Encoding.UTF8.GetBytes(taught), form, new(1)));
                if (comparison.Paths(request.BodyBytes, form) is { } difference)
                    Assert.Fail($"{request.Title}: {difference}");
            }
        }
    }
}

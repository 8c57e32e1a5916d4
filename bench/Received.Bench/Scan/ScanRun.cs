using System.Globalization;

namespace Received.Bench.Scan;

/// <summary>
/// Processor time per event of the steps from body to frame, in alternating rounds: a busy machine slows all ways
/// alike, and the ratios stand. Ten seconds; BenchmarkDotNet has the same steps for a quiet machine.
/// </summary>
static class ScanRun
{
    const int EventsARound = ScanBodies.Count * ScanBodies.EventsEach;

    public static int Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 21;
        // To look at one with a profiler.
        if (args.Length < 2) Measure("compact", ScanBodies.Make(), 1, rounds);
        Measure("compact, 8 partitions", ScanBodies.Make(), 8, rounds);
        if (args.Length > 1) return 0;
        Measure("indented", ScanBodies.Make(indented: true), 1, rounds);
        Measure("any order", ScanBodies.Make(shuffled: true), 1, rounds);
        return 0;
    }

    static void Measure(string title, byte[][] bodies, int partitions, int rounds)
    {
        var scan = new ScanWays(partitions);
        var ways = scan.All();
        var nanoseconds = ways.Select(_ => new double[rounds]).ToArray();
        var allocated = new double[ways.Length];
        // The first rounds are for the just-in-time compiler.
        for (var round = -5; round < rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var bytes = GC.GetAllocatedBytesForCurrentThread();
                var began = Environment.CpuUsage.TotalTime;
                foreach (var body in bodies) ways[way].Take(body);
                if (round < 0) continue;
                var spent = Environment.CpuUsage.TotalTime - began;
                nanoseconds[way][round] = spent.TotalNanoseconds / EventsARound;
                allocated[way] = (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / EventsARound;
            }
        }

        Console.WriteLine($"{title}: {bodies.Average(body => body.Length) / ScanBodies.EventsEach:F0} bytes an event");
        for (var way = 0; way < ways.Length; way++) Print(ways[way].Name, nanoseconds[way], allocated[way]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  frames: {scan.FrameBytesPerEvent:F1} bytes an event"));
    }

    static void Print(string name, double[] nanoseconds, double allocated)
    {
        Array.Sort(nanoseconds);
        var median = nanoseconds[nanoseconds.Length / 2];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {name,-24} {median,7:F1} ns ({nanoseconds[0]:F1} to {nanoseconds[^1]:F1}), {1000 / median,5:F2} M/s, "
            + $"{allocated:F2} B"));
    }
}

using System.Globalization;

namespace Received.Bench.Servers;

/// <summary>What Linux says of a process.</summary>
static class OfProcess
{
    const double TicksPerSecond = 100;

    /// <summary>User and system time, of all its threads, in steps of 10 ms.</summary>
    public static TimeSpan Processor(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        // Behind the name, which may hold anything: field 3 on, utime and stime are 14 and 15.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    public static long ResidentBytes(int pid) => StatusBytes(pid, "VmRSS:");

    public static long PeakResidentBytes(int pid) => StatusBytes(pid, "VmHWM:");

    static long StatusBytes(int pid, string field)
    {
        var lines = File.ReadLines($"/proc/{pid}/status");
        var line = lines.First(line => line.StartsWith(field, StringComparison.Ordinal));
        var kib = line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return long.Parse(kib, CultureInfo.InvariantCulture) * 1024;
    }
}

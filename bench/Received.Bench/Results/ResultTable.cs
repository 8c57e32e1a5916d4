using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Received.Bench.Results;

/// <summary>README's table of figures, made from the files in bench/results, each machine's by itself.</summary>
static class ResultTable
{
    public const string Start = "<!-- performance: made by 'received-bench table' from bench/results -->\n";
    public const string End = "<!-- end of performance -->\n";

    /// <summary>README with its table made anew.</summary>
    /// <exception cref="InvalidDataException">README has lost its marks.</exception>
    public static string Update(string readme, string folder)
    {
        var start = readme.IndexOf(Start, StringComparison.Ordinal);
        var end = readme.IndexOf(End, StringComparison.Ordinal);
        if (start < 0 || end < start) throw new InvalidDataException($"README lacks the marks {Start}and {End}");
        return readme[..(start + Start.Length)] + Make(folder) + readme[end..];
    }

    public static string Make(string folder)
    {
        var machines = Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Select(MakeMachine)
            : [];
        return string.Concat(machines.Where(text => text.Length > 0)) is { Length: > 0 } all
            ? all
            : "\nNo figures are kept for any machine yet.\n\n";
    }

    static StringBuilder Add(this StringBuilder text, FormattableString more) =>
        text.Append(more.ToString(CultureInfo.InvariantCulture));

    static string MakeMachine(string folder)
    {
        var files = Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal)
            .Select(path => (Name: Path.GetFileNameWithoutExtension(path), Json: Read(path))).ToList();
        if (files.Count == 0) return "";
        var machine = files[^1].Json.GetProperty("machine");
        var text = new StringBuilder()
            .Add($"\n{machine.GetProperty("processor")}, {machine.GetProperty("cores")} cores, ")
            .Add($"{machine.GetProperty("runtime")}, {machine.GetProperty("date")}:\n\n");
        Loads(text, [.. files.Where(file => Is(file.Name, "load-")).Select(file => file.Json)]);
        foreach (var (_, json) in files.Where(file => Is(file.Name, "compare-"))) Compared(text, json);
        return text.ToString();
    }

    static void Loads(StringBuilder text, List<JsonElement> files)
    {
        if (files.Count == 0) return;
        text.Append("| load | acknowledged/s | rated/s | p50 ms | p99 ms | processor an event | peak RSS |\n");
        text.Append("|---|---:|---:|---:|---:|---:|---:|\n");
        foreach (var file in files)
        {
            var runs = file.GetProperty("runs").EnumerateArray().ToList();
            double At(string name) => Spread.Of(runs.Select(run => run.GetProperty(name).GetDouble()))!.Median;
            text.Add($"| {file.GetProperty("what")} | {Events(runs, "acknowledged_per_s")} ")
                .Add($"| {Events(runs, "rated_per_s")} | {At("p50_ms"):N2} ")
                .Add($"| {At("p99_ms"):N2} | {At("server_ns_per_event"):N0} ns ")
                .Add($"| {file.GetProperty("peak_resident_mib")} MiB |\n");
        }

        text.Append('\n');
    }

    static void Compared(StringBuilder text, JsonElement file)
    {
        text.Add($"| {file.GetProperty("what")} | events/s | p99 ms | ours to it, rated |\n");
        text.Append("|---|---:|---:|---:|\n");
        foreach (var server in file.GetProperty("servers").EnumerateArray())
        {
            var isOurs = !server.TryGetProperty("ours_rated_ratio", out var ratio);
            var perS = server.GetProperty(isOurs ? "rated_per_s" : "acknowledged_per_s");
            var p99 = server.GetProperty("p99_ms").GetProperty("median").GetDouble();
            text.Add($"| {server.GetProperty("what")} | {Spreads(perS, "N0")} ")
                .Add($"| {p99:N2} ")
                .Add($"| {(isOurs ? "" : Spreads(ratio, "0.##"))} |\n");
        }

        text.Append('\n');
    }

    static string Events(IEnumerable<JsonElement> runs, string name)
    {
        var spread = Spread.Of(runs.Select(run => run.GetProperty(name).GetDouble()))!;
        var median = spread.Median.ToString("N0", CultureInfo.InvariantCulture);
        return spread.Count == 1
            ? median
            : string.Create(CultureInfo.InvariantCulture, $"{median} ({spread.Least:N0} to {spread.Most:N0})");
    }

    static string Spreads(JsonElement spread, string form)
    {
        string Text(string name) =>
            spread.GetProperty(name).GetDouble().ToString(form, CultureInfo.InvariantCulture);
        return $"{Text("median")} ({Text("least")} to {Text("most")})";
    }

    static bool Is(string name, string kind) => name.StartsWith(kind, StringComparison.Ordinal);

    static JsonElement Read(string path)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(path));
        return json.RootElement.Clone();
    }
}

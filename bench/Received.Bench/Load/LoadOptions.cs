using System.Globalization;

namespace Received.Bench.Load;

/// <summary>How a load run goes; read from the command line.</summary>
sealed record LoadOptions
{
    public required Uri Url { get; init; }

    public required string Key { get; init; }

    public int Connections { get; init; } = 16;

    /// <summary>Events a request; 1 uses the single route.</summary>
    public int Batch { get; init; } = 1000;

    public int Seconds { get; init; } = 10;

    public int WarmUpSeconds { get; init; } = 2;

    public bool Keyed { get; init; }

    public int Customers { get; init; } = 1000;

    /// <summary>Events a second over all connections; 0: as fast as they are answered.</summary>
    public int Rate { get; init; }

    public const string Help = """
        received-bench load --url URL --key KEY
          --connections N   concurrent keep-alive connections (16)
          --batch N         events a request; 1 = single events (1000)
          --seconds N       measured time (10)   --warm-up N   before it (2)
          --customers N     distinct customers, skewed (1000)
          --rate N          events a second in all, sent when due and not when the last is answered (0: closed loop)
          --keyed           every event has an idempotency key of its own
        """;

    /// <exception cref="ArgumentException">An unknown or incomplete option; the message names it.</exception>
    public static LoadOptions Parse(string[] args)
    {
        var values = new Dictionary<string, string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--keyed") values[args[i]] = "true";
            else if (i + 1 < args.Length) values[args[i]] = args[++i];
            else throw new ArgumentException($"{args[i]} needs a value.");
        }

        int Number(string name, int otherwise) => values.Remove(name, out var text)
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;
        string Text(string name) => values.Remove(name, out var text)
            ? text
            : throw new ArgumentException($"{name} is needed.");
        var options = new LoadOptions
        {
            Url = new(Text("--url")),
            Key = Text("--key"),
            Connections = Number("--connections", 16),
            Batch = Number("--batch", 1000),
            Seconds = Number("--seconds", 10),
            WarmUpSeconds = Number("--warm-up", 2),
            Customers = Number("--customers", 1000),
            Rate = Number("--rate", 0),
            Keyed = values.Remove("--keyed"),
        };
        return values.Count == 0 ? options : throw new ArgumentException($"Unknown option {values.Keys.First()}.");
    }
}

using System.Text.Json.Serialization;

namespace Received.Bench.Load;

/// <summary>What the requests of a load look like and how many connections send them.</summary>
sealed record LoadShape
{
    public int Connections { get; init; } = 16;

    /// <summary>Threads of the generator: each one serves its share of the connections.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Events a request; 1 uses the single route.</summary>
    public int Batch { get; init; } = 1000;

    /// <summary>The part of the events that have an idempotency key of their own, 0 to 1.</summary>
    public double Keyed { get; init; }

    /// <summary>Distinct customers: a quarter of them has half of the events.</summary>
    public int Customers { get; init; } = 1000;

    /// <summary>NDJSON instead of an array.</summary>
    public bool Lines { get; init; }

    /// <summary>Bodies packed beforehand; without keys, since those are written in before each sending.</summary>
    public bool Gzip { get; init; }

    /// <summary>Events a second over all connections; 0: each request follows its connection's last answer.</summary>
    public int Rate { get; init; }

    public const string Help = """
          --batch N         events a request, 1 to 50000; 1 = single events (1000)
          --connections N   keep-alive connections (16; 128 for single events)
          --keyed [SHARE]   the part of events that have an idempotency key of their own, 0 to 1 (0; without value 1)
          --customers N     distinct customers, skewed (1000)
          --rate N          events a second in all, sent when due, also when the last is not answered (0: closed loop)
          --lines           NDJSON instead of an array
          --gzip            packed bodies; not with --keyed
          --threads N       of the generator (1)
        """;

    /// <exception cref="ArgumentException">A value out of bounds, or two options that do not go together.</exception>
    public static LoadShape Read(Arguments arguments)
    {
        var batch = arguments.Number("--batch", 1000, 1, 50_000);
        var shape = new LoadShape
        {
            Batch = batch,
            Connections = arguments.Number("--connections", batch == 1 ? 128 : 16, 1, 4096),
            Keyed = arguments.Share("--keyed"),
            Customers = arguments.Number("--customers", 1000, 1, 1_000_000),
            Rate = arguments.Number("--rate", 0),
            Lines = arguments.Flag("--lines"),
            Gzip = arguments.Flag("--gzip"),
            Threads = arguments.Number("--threads", 1, 1, 64),
        };
        if (shape is { Gzip: true, Keyed: > 0 }) throw new ArgumentException("--gzip does not go with --keyed.");
        if (shape is { Lines: true, Batch: 1 }) throw new ArgumentException("--lines is for batches.");
        return shape;
    }

    /// <summary>Part of a file's name.</summary>
    [JsonIgnore]
    public string Slug => (Batch == 1 ? "single" : $"batch-{Batch}") + (Keyed > 0 ? "-keyed" : "-unkeyed")
        + (Lines ? "-lines" : "") + (Gzip ? "-gzip" : "") + (Rate > 0 ? "-open" : "");

    public override string ToString() =>
        $"{(Batch == 1 ? "single events" : $"batches of {Batch}{(Lines ? " (NDJSON)" : "")}")}, "
        + (Keyed == 0 ? "unkeyed" : Keyed >= 1 ? "keyed" : $"{Keyed:P0} keyed") + (Gzip ? ", gzip" : "")
        + $", {Connections} connections" + (Rate > 0 ? $", {Rate:N0} events/s due" : "");
}

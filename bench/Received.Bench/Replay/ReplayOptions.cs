using System.Globalization;

namespace Received.Bench.Replay;

/// <summary>How a replay run goes; read from the command line.</summary>
sealed record ReplayOptions
{
    public int Events { get; init; } = 1_000_000;

    /// <summary>Every event has an idempotency key of its own.</summary>
    public bool Keyed { get; init; }

    /// <summary>Rating and archive at the same time, as in a server, instead of one after the other.</summary>
    public bool Together { get; init; }

    public int Customers { get; init; } = 1000;

    /// <summary>Events a frame.</summary>
    public int Frame { get; init; } = 1000;

    /// <summary>Event time that the log spans: with the customers, how many totals there are.</summary>
    public int Hours { get; init; } = 6;

    /// <summary>How long before its frame an event may be: above 15 a frame's events are of several windows.</summary>
    public int SpreadMinutes { get; init; } = 1;

    /// <summary>Each from an empty store, in one process: the first pays for compiling the code.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>The rounds rate only: no archive, and the audit has less to compare.</summary>
    public bool RatingOnly { get; init; }

    /// <summary>The rounds archive only.</summary>
    public bool ArchiveOnly { get; init; }

    /// <summary>Events that the archive writes at once; 0: its default.</summary>
    public int ArchiveEvents { get; init; }

    /// <summary>DuckDB's memory limit in MiB; 0: its default.</summary>
    public int StoreMiB { get; init; }

    /// <summary>Also what the steps of rating cost, each with those before it.</summary>
    public bool Stages { get; init; }

    public const string Help = """
        received-bench replay
          --events N      events in the log (1000000)      --frame N   events a frame (1000)
          --customers N   distinct customers (1000)        --hours N   event time that they span (6)
          --spread-minutes N   how long before its frame an event may be (1)
          --keyed         every event has an idempotency key of its own
          --together      rating and archive at the same time
          --rating-only   no archive                       --archive-only  no rating
          --archive-events N   that it writes at once
          --store-mib N   DuckDB's memory limit
          --rounds N      so many times, each into an empty store (1)
          --stages        what the steps of rating cost, each with those before it
        """;

    /// <exception cref="ArgumentException">An unknown or incomplete option; the message names it.</exception>
    public static ReplayOptions Parse(string[] args)
    {
        var options = new ReplayOptions();
        for (var i = 0; i < args.Length; i++)
        {
            int Number() => i + 1 < args.Length
                ? int.Parse(args[++i], CultureInfo.InvariantCulture)
                : throw new ArgumentException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--keyed" => options with { Keyed = true },
                "--together" => options with { Together = true },
                "--rating-only" => options with { RatingOnly = true },
                "--archive-only" => options with { ArchiveOnly = true },
                "--stages" => options with { Stages = true },
                "--rounds" => options with { Rounds = Number() },
                "--archive-events" => options with { ArchiveEvents = Number() },
                "--store-mib" => options with { StoreMiB = Number() },
                "--events" => options with { Events = Number() },
                "--customers" => options with { Customers = Number() },
                "--frame" => options with { Frame = Number() },
                "--spread-minutes" => options with { SpreadMinutes = Number() },
                "--hours" => options with { Hours = Number() },
                var unknown => throw new ArgumentException($"Unknown option {unknown}."),
            };
        }

        return options;
    }
}

using Received.Bench.Servers;

namespace Received.Bench.Load;

/// <summary>How a load run goes; read from the command line.</summary>
sealed record LoadOptions
{
    public required LoadShape Shape { get; init; }

    /// <summary>A server that runs; null: one is started.</summary>
    public Uri? Url { get; init; }

    /// <summary>For <see cref="Url"/>; scopes usage:write and usage:read.</summary>
    public string? Key { get; init; }

    /// <summary>The program to start.</summary>
    public required string Program { get; init; }

    /// <summary>Environment variables for the server that is started.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    public TimeSpan Duration { get; init; }

    public TimeSpan WarmUp { get; init; }

    /// <summary>How often it is measured.</summary>
    public int Runs { get; init; }

    /// <summary>Where the figures go as JSON; null: nowhere.</summary>
    public string? Json { get; init; }

    /// <summary>The figures go into bench/results.</summary>
    public bool Save { get; init; }

    public static string Help => $"""
        received-bench load
        {LoadShape.Help}
          --seconds N       of a run (10)        --runs N   how often; all is rated and archived between them (1)
          --warm-up N       seconds before the first run (3)
          --url URL --key KEY   a server that runs; otherwise one is started on a folder of its own
          --server FILE     the program to start: a published 'received' (the one beside this program)
          --set NAME=VALUE,...  environment variables for it
          --json FILE       the figures as JSON  --save   the same, into bench/results/<machine>
        """;

    /// <exception cref="ArgumentException">An unknown or incomplete option; the message names it.</exception>
    public static LoadOptions Parse(string[] args)
    {
        var arguments = new Arguments(args);
        var url = arguments.Text("--url");
        var options = new LoadOptions
        {
            Shape = LoadShape.Read(arguments),
            Url = url is null ? null : new(url),
            Key = arguments.Text("--key"),
            Program = arguments.Text("--server") ?? ReceivedServer.ProgramDefault,
            Settings = ReadSettings(arguments.Text("--set")),
            Duration = TimeSpan.FromSeconds(arguments.Number("--seconds", 10, 1)),
            WarmUp = TimeSpan.FromSeconds(arguments.Number("--warm-up", 3)),
            Runs = arguments.Number("--runs", 1, 1),
            Json = arguments.Text("--json"),
            Save = arguments.Flag("--save"),
        };
        arguments.Check();
        if (options.Url is null != options.Key is null)
            throw new ArgumentException("--url and --key go together: a server that is started has a key of its own.");
        if (options is { Url: not null, Save: true })
            throw new ArgumentException("--save keeps figures of a server that is started here.");
        return options;
    }

    /// <exception cref="ArgumentException">Not NAME=VALUE, with commas between.</exception>
    public static IReadOnlyDictionary<string, string> ReadSettings(string? text) => (text ?? "")
        .Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2))
        .ToDictionary(
            pair => pair[0],
            pair => pair.Length == 2 ? pair[1] : throw new ArgumentException($"--set {pair[0]} has no value."));
}

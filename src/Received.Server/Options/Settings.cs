using Received.Ingest;
using Received.Log.Segments;
using Received.Rating;
using Received.Server.Hosting;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Server.Options;

/// <summary>
/// All settings of a process, read once at the start from appsettings.json, the environment (<c>Received__*</c>) and
/// the command line, in rising order, and checked before anything is opened.
/// </summary>
sealed record Settings(
    IConfiguration Configuration, ServerOptions Server, SegmentLogOptions Log, RatingOptions Rating, RunOptions Keys,
    DuckDbOptions Usage)
{
    public const string LogSection = "Received:Log";
    public const string RatingSection = "Received:Rating";
    public const string KeysSection = "Received:Keys";
    public const string UsageSection = "Received:Usage";

    public string Folder => Path.GetFullPath(Server.Data);

    /// <param name="commandLine">By full name, such as "Received:Data"; null values are left out.</param>
    /// <exception cref="SettingsException">A setting is unknown, unreadable or out of bounds.</exception>
    public static Settings Read(Dictionary<string, string?> commandLine)
    {
        var configuration = Sources(commandLine);
        var check = new SettingsCheck(configuration);
        var server = check.Bind<ServerOptions>(ServerOptions.Section);
        var folder = Path.GetFullPath(server.Data);
        // Bound again where it is used, by Ingest itself; here so that all that is wrong is told at once.
        check.Bind<IngestOptions>(IngestOptions.Section);
        var log = check.Bind<SegmentLogOptions>(LogSection, (nameof(SegmentLogOptions.Folder), DataFolder.Log(folder)));
        var usage = check.Bind<DuckDbOptions>(UsageSection, (nameof(DuckDbOptions.Path), DataFolder.Usage(folder)));
        var rating = check.Bind<RatingOptions>(RatingSection);
        var keys = check.Bind<RunOptions>(KeysSection);
        check.ThrowIfRefused();
        return new(configuration, server, log, rating, keys, usage);
    }

    /// <summary>The data folder that a command is meant to use.</summary>
    public static string DataFolderOf(string? option) => Path.GetFullPath(
        Sources(new() { ["Received:Data"] = option })["Received:Data"] ?? new ServerOptions().Data);

    static IConfigurationRoot Sources(Dictionary<string, string?> commandLine) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
        .AddEnvironmentVariables()
        .AddInMemoryCollection(commandLine.Where(entry => entry.Value is not null))
        .Build();
}

using Received.Billing.Payments.Stripe;
using Received.Ingest;
using Received.Log.Kafka;
using Received.Log.Segments;
using Received.Rating;
using Received.Server.Hosting;
using Received.Usage.ClickHouse;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Server.Options;

/// <summary>
/// All settings of a process, read once at the start from appsettings.json, the environment (<c>Received__*</c>) and
/// the command line, in rising order, and checked before anything is opened.
/// </summary>
/// <param name="Kafka">Null where the log is segment files.</param>
/// <param name="ClickHouse">Null where usage rests in DuckDB and keys in run files.</param>
/// <param name="Stripe">Null where no cards are taken.</param>
sealed record Settings(
    IConfiguration Configuration, ServerOptions Server, SegmentLogOptions Log, KafkaLogOptions? Kafka,
    RatingOptions Rating, RunOptions Keys, DuckDbOptions Usage, ClickHouseOptions? ClickHouse, BillingOptions Billing,
    StripeOptions? Stripe)
{
    public const string LogSection = "Received:Log";
    public const string KafkaSection = "Received:Log:Kafka";
    public const string RatingSection = "Received:Rating";
    public const string KeysSection = "Received:Keys";
    public const string UsageSection = "Received:Usage";
    public const string ClickHouseSection = "Received:Usage:ClickHouse";
    public const string BillingSection = "Received:Billing";

    public string Folder => Path.GetFullPath(Server.Data);

    /// <summary>Whether several processes can work on log and store at once. Else one holds the folder.</summary>
    public bool IsShared => Kafka is not null && ClickHouse is not null;

    public ServerRoles Roles { get; private init; } =
        RoleNames.TryParse(Server.Roles, out var roles) ? roles : ServerRoles.None;

    /// <summary>
    /// The same for one command's own process: it takes no events. It does the rest of the work where nobody else can
    /// be at it, and only reads where others share log and store.
    /// </summary>
    public Settings ForCommand() =>
        this with { Roles = IsShared ? ServerRoles.None : ServerRoles.Rate | ServerRoles.Archive };

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
        var kafka = check.BindChosen<KafkaLogOptions>(KafkaSection, nameof(KafkaLogOptions.BootstrapServers));
        if (kafka is not null) check.RefuseUnused(LogSection, "the segment log", KafkaSection);
        var usage = check.Bind<DuckDbOptions>(UsageSection, (nameof(DuckDbOptions.Path), DataFolder.Usage(folder)));
        var clickHouse = check.BindChosen<ClickHouseOptions>(
            ClickHouseSection, nameof(ClickHouseOptions.ConnectionString));
        var rating = check.Bind<RatingOptions>(RatingSection);
        var keys = check.Bind<RunOptions>(KeysSection);
        var billing = check.Bind<BillingOptions>(BillingSection);
        var stripe = check.BindChosen<StripeOptions>(StripeOptions.Section, nameof(StripeOptions.SecretKey));
        if (stripe is not null && string.IsNullOrWhiteSpace(stripe.WebhookSecrets))
            check.Refuse(
                StripeOptions.Section, nameof(StripeOptions.WebhookSecrets),
                "cards are taken, but no notice of Stripe's could be believed: set the endpoint's secret (whsec_...).");
        var settings = new Settings(
            configuration, server, log, kafka, rating, keys, usage, clickHouse, billing, stripe);
        if (settings.WhyNotApart() is { } reason)
            check.Refuse(ServerOptions.Section, nameof(ServerOptions.Roles), reason);
        check.ThrowIfRefused();
        return settings;
    }

    /// <summary>The data folder that a command is meant to use.</summary>
    public static string DataFolderOf(string? option) => Path.GetFullPath(
        Sources(new() { ["Received:Data"] = option })["Received:Data"] ?? new ServerOptions().Data);

    /// <summary>Why this process cannot leave some of the work to others; null where it can, or does all.</summary>
    string? WhyNotApart()
    {
        if (Roles is ServerRoles.All or ServerRoles.None || IsShared) return null;
        var alone = (Kafka, ClickHouse) switch
        {
            (null, _) => "segment files, which one process has to itself",
            (_, null) => "Kafka's, and usage rests in DuckDB, which one process has to itself",
            (_, _) => "",
        };
        return $"'{Server.Roles}' leaves work to other processes, but the log is {alone}. Leave the setting out, or "
            + $"set {KafkaSection}:{nameof(KafkaLogOptions.BootstrapServers)} and "
            + $"{ClickHouseSection}:{nameof(ClickHouseOptions.ConnectionString)}: Kafka and ClickHouse can be shared.";
    }

    static IConfigurationRoot Sources(Dictionary<string, string?> commandLine) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
        .AddEnvironmentVariables()
        .AddInMemoryCollection(commandLine.Where(entry => entry.Value is not null))
        .Build();
}

using System.ComponentModel.DataAnnotations;

namespace Received.Server.Options;

/// <summary>Options of the process as a whole: section <c>Received</c>. Checked when the server starts.</summary>
public sealed class ServerOptions
{
    public const string Section = "Received";

    /// <summary>
    /// The data folder; made when it is missing. One server at a time, unless log and usage store are both servers'
    /// (Kafka, ClickHouse): then any number of one machine share it, for accounts and keys.
    /// </summary>
    [Required]
    public string Data { get; set; } = "./received-data";

    /// <summary>
    /// Where to listen, several separated by semicolons. Beyond this machine put TLS in front, or use https.
    /// </summary>
    [Required]
    [CustomValidation(typeof(ServerOptions), nameof(CheckUrls))]
    public string Urls { get; set; } = "http://127.0.0.1:8480";

    /// <summary>
    /// What this process does, with commas between: ingest, rate, archive, bill. Fewer than all only where log and
    /// usage
    /// store can be shared, that is with Kafka and ClickHouse.
    /// </summary>
    [Required]
    [CustomValidation(typeof(ServerOptions), nameof(CheckRoles))]
    public string Roles { get; set; } = RoleNames.All;

    /// <summary>How long a stop may take: requests under way, then the batches, then rating's last flush.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Form of the log on standard output.</summary>
    public LogForm LogForm { get; set; } = LogForm.Text;

    /// <summary>
    /// Where metrics and traces go by OTLP, such as http://127.0.0.1:4317. Empty: nowhere; /metrics is there always.
    /// </summary>
    [Url]
    public string? OtlpEndpoint { get; set; }

    /// <summary>
    /// How far rating may be behind the log for the server to call itself ready, in frames of one partition.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int ReadyLagFrames { get; set; } = 10_000;

    public static ValidationResult? CheckRoles(string roles, ValidationContext context) =>
        RoleNames.TryParse(roles, out _)
            ? ValidationResult.Success
            : new($"It must be one or more of {RoleNames.All}, with commas between.", [nameof(Roles)]);

    /// <summary>Here rather than when the listener starts: by then the stages behind it run already.</summary>
    public static ValidationResult? CheckUrls(string urls, ValidationContext context)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!IsListenable(url))
                return new(
                    $"'{url}' must be http:// or https://, a host or address, and a port up to 65535, such as "
                    + "http://127.0.0.1:8480.", [nameof(Urls)]);
        }

        return ValidationResult.Success;
    }

    static bool IsListenable(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Port is >= 0 and <= ushort.MaxValue
                && (address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase)
                    || address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase));
        }
        catch (FormatException)
        {
            return false;
        }
    }
}

public enum LogForm
{
    Text,
    Json,
}

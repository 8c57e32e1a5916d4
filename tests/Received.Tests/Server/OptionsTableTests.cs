using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Received.Billing.Payments.Stripe;
using Received.Ingest;
using Received.Log.Kafka;
using Received.Log.Segments;
using Received.Rating;
using Received.Server.Options;
using Received.Tests.Tidy;
using Received.Usage.ClickHouse;
using Received.Usage.DuckDb;
using Received.Usage.Runs;
using Xunit;

namespace Received.Tests.Server;

/// <summary>
/// README's table of settings is made from the options classes: names, defaults and bounds by reflection, meanings
/// from the docstrings. With RECEIVED_UPDATE_README=1 the test writes it instead of comparing.
/// </summary>
public sealed class OptionsTableTests
{
    const string End = "<!-- end of settings -->\n";

    static readonly IReadOnlyList<(string Section, Type Type)> Classes =
    [
        (ServerOptions.Section, typeof(ServerOptions)),
        (IngestOptions.Section, typeof(IngestOptions)),
        (Settings.LogSection, typeof(SegmentLogOptions)),
        (Settings.KafkaSection, typeof(KafkaLogOptions)),
        (Settings.RatingSection, typeof(RatingOptions)),
        (Settings.KeysSection, typeof(RunOptions)),
        (Settings.UsageSection, typeof(DuckDbOptions)),
        (Settings.ClickHouseSection, typeof(ClickHouseOptions)),
        (Settings.BillingSection, typeof(BillingOptions)),
        (StripeOptions.Section, typeof(StripeOptions)),
    ];

    // What the program sets itself, from the data folder.
    static readonly IReadOnlySet<string> Own = new HashSet<string>
    {
        nameof(SegmentLogOptions.Folder), nameof(DuckDbOptions.Path),
    };

    [Fact]
    public void The_readme_lists_every_setting_as_the_classes_have_it()
    {
        var path = Path.Combine(Source.Root, "README.md");
        var readme = File.ReadAllText(path);
        var start = readme.IndexOf('\n', readme.IndexOf("<!-- settings:", StringComparison.Ordinal)) + 1;
        var end = readme.IndexOf(End, start, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("RECEIVED_UPDATE_README") == "1")
        {
            File.WriteAllText(path, readme[..start] + Table() + readme[end..]);
            return;
        }

        Assert.Equal(Table(), readme[start..end]);
    }

    [Theory]
    [InlineData("Usage:Threads", "0")]
    [InlineData("Usage:MemoryLimit", "256")]
    [InlineData("Usage:ReadersMax", "0")]
    [InlineData("Usage:TempBytesMax", "-1")]
    [InlineData("Keys:MergeFactor", "1")]
    [InlineData("Keys:RunsMax", "4")]
    [InlineData("Keys:MergeInBackground", "false")]
    [InlineData("Log:PartitionCount", "129")]
    public void A_setting_out_of_bounds_is_named_at_the_start(string name, string value)
    {
        var error = Assert.Throws<SettingsException>(() => Settings.Read(new() { ["Received:" + name] = value }));
        var variable = "Received__" + name.Replace(":", "__", StringComparison.Ordinal);
        Assert.Contains(variable, error.Message, StringComparison.Ordinal);
    }

    static string Table()
    {
        var text = new StringBuilder("| setting | default | takes | meaning |\n|---|---|---|---|\n");
        foreach (var (section, type) in Classes)
        {
            var summaries = Summaries(type);
            var defaults = Activator.CreateInstance(type);
            foreach (var property in type.GetProperties().Where(p => p.CanWrite && !Own.Contains(p.Name)))
            {
                var name = $"{section}:{property.Name}".Replace(":", "__", StringComparison.Ordinal);
                Assert.True(
                    summaries.TryGetValue($"P:{type}.{property.Name}", out var meaning), $"{name}: undocumented");
                var standard = string.Create(CultureInfo.InvariantCulture, $"`{property.GetValue(defaults)}`");
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| `{name}` | {(standard == "``" ? "none" : standard)} | {Form(property)} | {meaning} |\n");
            }
        }

        return text.ToString();
    }

    static string Form(PropertyInfo property)
    {
        var type = property.PropertyType;
        var form = type == typeof(TimeSpan) ? "duration"
            : type.IsEnum ? string.Join(", ", Enum.GetNames(type).Select(name => $"`{name}`"))
            : type == typeof(string) ? "text" : "number";
        return property.GetCustomAttribute<RangeAttribute>() is not { } range ? form
            : range.Maximum.Equals(int.MaxValue) ? $"{form} from {range.Minimum}"
            : $"{form}, {range.Minimum} to {range.Maximum}";
    }

    // The compiler's documentation files lie beside the assemblies.
    static Dictionary<string, string> Summaries(Type type) =>
        XDocument.Load(Path.ChangeExtension(type.Assembly.Location, ".xml")).Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Text(member.Element("summary")!));

    static string Text(XElement summary)
    {
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement see when see.Attribute("cref") is { } name => $"`{name.Value.Split('.')[^1]}`",
            XElement other => $"`{other.Value}`",
            _ => ((XText)node).Value,
        }));
        return Regex.Replace(text, @"\s+", " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }
}

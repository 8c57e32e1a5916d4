using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Received.Ingest.Formats;
using Received.Tests.Tidy;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>
/// Sends each request of ugly-requests.txt as raw bytes and compares the answer with what stands there.
/// </summary>
public sealed class UglyRequestTests
{
    [Fact]
    public async Task Every_ugly_request_gets_exactly_its_answer()
    {
        await using var door = await DoorHost.StartAsync();
        var failures = new List<string>();
        var accepted = 0;
        var requests = UglyRequest.ReadAll(
            Path.Combine(Source.Root, "tests", "Received.Tests", "Ingest", "ugly-requests.txt"));
        Assert.True(requests.Count > 150);
        foreach (var request in requests)
        {
            var text = await RawSocket.AskAsync(door.Address, [request.Bytes()]);
            var answer = UglyRequest.Describe(text, out var taken);
            accepted += taken;
            if (answer != request.Expected)
                failures.Add($"{request.Title}\n  expected {request.Expected}\n  got      {answer}");
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures));
        Assert.Equal(accepted, door.Log.Events().Count);
    }

    [Fact]
    public async Task An_event_cut_short_at_any_byte_is_refused()
    {
        await using var door = await DoorHost.StartAsync();
        var body = Encoding.UTF8.GetBytes(DoorHost.Event(
            1, "caf\\u00e9", """, "additional_report_data": {"a": [1.5e3, null, "é\uD83D\uDE00"]}"""
            + """, "validations": {"currency": "USD"}"""));
        for (var length = 0; length < body.Length; length++)
        {
            var answer = await door.PostAsync("/api/usage/event", body[..length], "application/json");
            Assert.Equal(400, answer.Status);
            Assert.Equal("application/problem+json", answer.ContentType);
        }

        Assert.Equal(200, (await door.PostAsync("/api/usage/event", body, "application/json")).Status);
        Assert.Single(door.Log.Events());
    }
}

/// <summary>One entry of the corpus; the file's head says how it is written.</summary>
sealed partial record UglyRequest(
    string Title, string Route, IReadOnlyList<string> Headers, IReadOnlyList<string> Body, string Expected)
{
    const string Timestamp = "\"timestamp\":\"2024-02-05T08:55:32.160Z\"";
    const string Customer = "\"customer_ref\":\"c\"";
    const string Product = "\"usage_product_ref\":\"p\"";
    const string Quantity = "\"quantity\":1";

    public static IReadOnlyList<UglyRequest> ReadAll(string path)
    {
        var all = new List<UglyRequest>();
        var title = "";
        var route = "";
        List<string> headers = [];
        List<string> body = [];
        foreach (var line in File.ReadLines(path))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var rest = line.Length > 2 ? line[2..] : "";
            switch (line[0])
            {
                case '=':
                    (title, headers, body) = (rest, [], []);
                    break;
                case '>':
                    headers.Add(rest);
                    break;
                case '<':
                    body.Add(rest);
                    break;
                case '!':
                    all.Add(new(title, route, headers, body, rest));
                    break;
                default:
                    route = line;
                    break;
            }
        }

        return all;
    }

    public byte[] BodyBytes => ToBytes(string.Join("\n", Body));

    public BodyForm Form => Route.Split(' ')[0] switch
    {
        "single" => BodyForm.Single,
        "lines" => BodyForm.Lines,
        _ => BodyForm.Array,
    };

    public byte[] Bytes()
    {
        var body = BodyBytes;
        var words = Route.Split(' ');
        var head = new List<(string Name, string Value)>
        {
            ("Host", "localhost"), ("Connection", "close"), ("Authorization", "Bearer " + DoorHost.WriteKey),
            ("Content-Type", words[0] == "lines" ? "application/x-ndjson" : "application/json"),
            ("Content-Length", body.Length.ToString(CultureInfo.InvariantCulture)),
        };
        foreach (var header in Headers)
        {
            var parts = Expand(header).Split(':', 2);
            var name = parts[0].TrimStart('-', '+');
            if (header[0] != '+') head.RemoveAll(h => h.Name == name);
            if (parts.Length == 2) head.Add((name, parts[1].TrimStart()));
        }

        var path = words[0] == "single" ? "/api/usage/event" : "/api/usage/events";
        if (words.Length > 1) path += words[1];
        var text = $"POST {path} HTTP/1.1\r\n" + string.Concat(head.Select(h => $"{h.Name}: {h.Value}\r\n")) + "\r\n";
        return [.. Encoding.ASCII.GetBytes(text), .. body];
    }

    /// <summary>The answer in the corpus's words.</summary>
    public static string Describe(string text, out int accepted)
    {
        var status = text.Split(' ')[1];
        var answer = new Answer(int.Parse(status, CultureInfo.InvariantCulture), BodyOf(text), null!, null);
        accepted = 0;
        if (answer.Json.TryGetProperty("accepted", out var taken)) accepted = taken.GetInt32();
        else if (status == "200") accepted = 1;
        if (status == "200") return status;
        if (answer.Json.TryGetProperty("errors", out _))
        {
            var errors = answer.Errors.Replace("; ", "|", StringComparison.Ordinal).Replace(' ', ':').Replace('|', ' ');
            return $"{status} {(status == "207" ? "" : answer.Code + " ")}{errors}";
        }

        var index = answer.Json.TryGetProperty("index", out var i) ? i.ToString() : "-";
        return $"{status} {answer.Code} {(answer.Pointer is null or "" ? "-" : answer.Pointer)} {index}";
    }

    static string BodyOf(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = text[(end + 4)..];
        if (!text[..end].Contains("chunked", StringComparison.Ordinal)) return body;
        var first = body.IndexOf("\r\n", StringComparison.Ordinal);
        var length = int.Parse(body[..first], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return body.Substring(first + 2, length);
    }

    static string Expand(string text)
    {
        text = text.Replace("@E", "{@T,@C,@P,@Q}", StringComparison.Ordinal)
            .Replace("@T", Timestamp, StringComparison.Ordinal).Replace("@C", Customer, StringComparison.Ordinal)
            .Replace("@P", Product, StringComparison.Ordinal).Replace("@Q", Quantity, StringComparison.Ordinal);
        text = Fields().Replace(text, match => string.Concat(
            Enumerable.Range(0, Number(match)).Select(i => $",\"f{i}\":0")));
        return Repeat().Replace(text, match => string.Concat(Enumerable.Repeat(match.Groups[2].Value, Number(match))));
    }

    static int Number(Match match) => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    static byte[] ToBytes(string text)
    {
        var expanded = Expand(text);
        var bytes = new List<byte>();
        var at = 0;
        foreach (Match match in HexByte().Matches(expanded))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(expanded[at..match.Index]));
            bytes.Add(byte.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            at = match.Index + match.Length;
        }

        bytes.AddRange(Encoding.UTF8.GetBytes(expanded[at..]));
        return [.. bytes];
    }

    [GeneratedRegex(@"@fields\((\d+)\)")]
    private static partial Regex Fields();

    [GeneratedRegex(@"@rep\((\d+),(.+?)\)")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\\x([0-9A-F]{2})")]
    private static partial Regex HexByte();
}

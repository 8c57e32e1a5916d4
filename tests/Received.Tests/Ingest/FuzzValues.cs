using System.Globalization;
using System.Text;

namespace Received.Tests.Ingest;

/// <summary>Values of fields as JSON: mostly plain, now and then at a limit or past it, or strangely spelt.</summary>
sealed class FuzzValues(Random random)
{
    static readonly string[] Pieces =
    [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", " ", "\t", "\n", "\r", "\0", "\x1F", "\x7F",
        "null", "\"\"", "\\u0000", "\\uD83D", "\\uDE00", "\\uD83D\\uDE00", "é", "😀", "\uFEFF", "\"quantity\":1,",
    ];

    static readonly string[] Numbers =
    [
        "0", "-0", "0.0", "-1", "00", "01", "-01", "1.", ".5", "+1", "1e3", "1E-3", "1e+2", "1e", "1e400", "-", "1.5e",
        "9999999", "10000000", "99999999", "999999999999999", "1000000000000000", "0.000000000001", "0.0000000000001",
        "9223372.036854775807", "9223372.036854775808", "-9223372.036854775808", "0.1234567", "0.12345678", "1.2.3",
        "1_000", "0x10", "NaN", "1000000e-6", "12345678901234567890", "0.10000000000000000000",
    ];

    static readonly string[] Times =
    [
        "2024-02-05T08:55:32Z", "2024-02-05t08:55:32.160z", "2024-02-05T24:00:00.000Z", "2024-02-05T08:60:32.160Z",
        "2024-02-05T08:55:60.160Z", "2024-02-05T08:55:3a.160Z", "2024-02-05 08:55:32.160Z", "2024-02-05T08:55:32,160Z",
        "2024-02-30T08:55:32.160Z", "2024-02-05T08:55:32.160", "2024-02-05T08:55:32.16:Z", "2024-02-05T08:55:32.160+01",
        "2024-02-05T/8:55:32.160Z", "2024-02-05T08:55:32.160Z ", "2024-00-05T08:55:32.160Z", "0000-02-05T08:55:32.160Z",
        "2024-02-05T08:55:32.160123Z", "2024-02-05T08:55:32.160+24:00", "1969-12-31T23:59:59.999Z", "",
    ];

    bool OneIn(int n) => random.Next(n) == 0;

    string Any(string[] of) => of[random.Next(of.Length)];

    public string Piece() => Any(Pieces);

    /// <summary>Of one client: the same form for all its events.</summary>
    public Func<string> TimeMaker()
    {
        var format = Any(
        [
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'",
            "yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'", "yyyy-MM-dd'T'HH:mm:ss.fff'-05:30'",
        ]);
        var spread = OneIn(2) ? 86_400_000L : 10_000_000_000L;
        return () => OneIn(20) ? $"\"{Any(Times)}\"" : "\"" + DateTimeOffset
            .FromUnixTimeMilliseconds(1_707_123_332_160 - random.NextInt64(spread))
            .ToString(format, CultureInfo.InvariantCulture) + "\"";
    }

    public Func<string> NumberMaker()
    {
        var form = random.Next(5);
        var quote = OneIn(4) ? "\"" : "";
        return () => quote + (OneIn(15) ? Any(Numbers) : OneIn(30) ? Digits() : form switch
        {
            0 => random.Next(1000).ToString(CultureInfo.InvariantCulture),
            1 => random.Next().ToString(CultureInfo.InvariantCulture),
            2 => $"{random.Next(1000)}.{random.Next(100):D2}",
            3 => $"{random.Next(100_000_000)}.{random.Next(100_000_000)}",
            _ => Digits(),
        }) + quote;
    }

    string Digits()
    {
        var digits = new StringBuilder(OneIn(8) ? "-" : "");
        for (var i = random.Next(18); i >= 0; i--) digits.Append((char)('0' + random.Next(10)));
        if (OneIn(2)) digits.Append('.').Append(random.NextInt64(10_000_000_000_000));
        if (OneIn(8)) digits.Append('e').Append(random.Next(-20, 20));
        return digits.ToString();
    }

    public string Text(int bytesMax)
    {
        if (OneIn(100)) return "\"" + new string('x', bytesMax - 1 + random.Next(3)) + "\"";
        if (OneIn(100)) return OneIn(2) ? "\"\"" : "17";
        if (OneIn(30)) return "\"a" + Any(Pieces) + new string('b', random.Next(40)) + "\"";
        return random.Next(3) switch
        {
            0 => $"\"4096966d-5c1c-4e18-8b47-{random.Next(1000):x12}\"",
            1 => $"\"{new string('n', random.Next(1, 70))}\"",
            _ => $"\"Kunde {random.Next(100)}\"",
        };
    }

    public Func<string> DataMaker()
    {
        var form = random.Next(6);
        return () => OneIn(40) ? "[]" : form switch
        {
            0 => "{}",
            1 => $"{{\"note\": \"request {random.Next()} of a run\"}}",
            2 => $"{{\"a\":{random.Next()},\"b\" : true , \"c\":null,\"d\":{Any(Numbers)}}}",
            3 => $"{{ \"a\": {{\"b\": [1, {{\"c\": {Text(64)}}}]}}, \"d\":{Text(32)} }}",
            4 => $"{{\"a\\n\":{Text(32)},\"a\\n\":{Text(32)}}}",
            _ => new StringBuilder().Insert(0, "{\"a\":", random.Next(29, 33)).Append('1').Append('}', 31).ToString(),
        };
    }
}

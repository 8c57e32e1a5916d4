using System.Globalization;
using System.Text;

namespace Received.Tests.Ingest;

/// <summary>JSON, and what is nearly JSON, from a seed: all spellings, then now and then a few bytes changed.</summary>
sealed class UglyJson(int seed)
{
    static readonly string[] Blank = ["", "", "", " ", "\t", "\r\n", "  \n"];
    static readonly string[] Numbers =
        ["0", "-0", "1", "10", "-7", "1.5", "0.000000000001", "2.50E-1", "01", "1.", ".5", "-", "1e", "1e400"];
    static readonly string[] Pieces =
        ["a", "é", "😀", "\\n", "\\u0041", "\\u00e9", "\\uD83D\\uDE00", "\\/", "\\\\", "\\\"", "x y", "{", "]", ","];
    static readonly string[] BadPieces = ["\\uD83D", "\\uDE00", "\\u0000", "\\x", "\\u12", "\n", "\u0001"];
    static readonly string[] Times =
        ["2024-02-05T08:55:32Z", "2024-02-05T08:55:32.160Z", "2024-02-05T08:55:32+02:00", "2024-13-05T08:55:32Z", ""];
    static readonly string[] Mutations = ["\"", "\\", "{", "}", "[", "]", ",", ":", "0", " ", "\u0000", "e", "\x7F"];

    readonly Random _random = new(seed);

    bool OneIn(int n) => _random.Next(n) == 0;

    string Any(string[] of) => of[_random.Next(of.Length)];

    string Space() => OneIn(4) ? Any(Blank) : "";

    public byte[] Document() => Mutate(Space() + Value(0) + Space());

    public byte[] Event()
    {
        var members = new List<string>
        {
            Member("timestamp", $"\"{(OneIn(8) ? Any(Times) : Times[_random.Next(3)])}\""),
            Member("customer_ref", OneIn(30) ? Value(2) : Text()), Member("usage_product_ref", Text()),
            Member("quantity", OneIn(6) ? $"\"{Any(Numbers)}\"" : OneIn(6) ? Any(Numbers) : "12.5"),
        };
        if (OneIn(3)) members.Add(Member("customer_name", Text()));
        if (OneIn(4)) members.Add(Member("usage_product_name", OneIn(3) ? "null" : Text()));
        if (OneIn(3)) members.Add(Member("additional_report_data", OneIn(4) ? Value(1) : Object(1)));
        if (OneIn(3)) members.Add(Member("idempotency_key", Text()));
        if (OneIn(3)) members.Add(Member("validations", Validations()));
        if (OneIn(3)) members.Add(Text() + ":" + Value(1));
        if (OneIn(40)) members.Add(members[_random.Next(members.Count)]);
        if (OneIn(40)) members.RemoveAt(_random.Next(members.Count));
        var order = members.ToArray();
        _random.Shuffle(order);
        return Mutate((OneIn(40) ? "\uFEFF" : "") + Space() + "{" + string.Join(",", order) + "}" + Space());
    }

    string Validations()
    {
        var members = new List<string>();
        if (OneIn(2)) members.Add(Member("currency", OneIn(5) ? Text() : "\"USD\""));
        if (OneIn(2)) members.Add(Member("entity_ref", Text()));
        if (OneIn(4)) members.Add(Text() + ":" + Value(1));
        return "{" + string.Join(",", members) + "}";
    }

    string Member(string name, string value)
    {
        if (OneIn(15))
        {
            var at = _random.Next(name.Length);
            name = name[..at] + "\\u" + ((int)name[at]).ToString("x4", CultureInfo.InvariantCulture) + name[(at + 1)..];
        }

        return $"{Space()}\"{name}\"{Space()}:{Space()}{value}{Space()}";
    }

    string Text()
    {
        var text = new StringBuilder("\"");
        for (var i = OneIn(40) ? _random.Next(200) : 1 + _random.Next(5); i > 0; i--)
            text.Append(OneIn(150) ? Any(BadPieces) : Any(Pieces));
        return text.Append('"').ToString();
    }

    string Object(int depth) => "{" + Space() + string.Join(
        ",",
        Enumerable.Range(0, _random.Next(4)).Select(_ => Space() + Text() + Space() + ":" + Value(depth + 1))) + "}";

    string Value(int depth) => Space() + _random.Next(depth > 5 ? 6 : 9) switch
    {
        0 => "true",
        1 => "false",
        2 => "null",
        3 => OneIn(4) ? Any(Numbers) : "17",
        4 or 5 => Text(),
        6 => "[" + string.Join(",", Enumerable.Range(0, _random.Next(4)).Select(_ => Value(depth + 1))) + Space() + "]",
        _ => Object(depth),
    } + Space();

    byte[] Mutate(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text).ToList();
        for (var i = OneIn(2) ? 0 : _random.Next(3); i > 0 && bytes.Count > 0; i--)
        {
            var at = _random.Next(bytes.Count);
            switch (_random.Next(5))
            {
                case 0:
                    bytes.RemoveAt(at);
                    break;
                case 1:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Any(Mutations)));
                    break;
            }
        }

        return [.. bytes];
    }
}

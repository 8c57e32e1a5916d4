using System.Text;
using Received.Ingest.Formats;

namespace Received.Tests.Ingest;

/// <summary>
/// Bodies as clients write them, from a seed: a few events of one shape (order of fields, white space, spelling of
/// values), of which some stray from it; then, in part of them, bytes changed, cut, copied or put in.
/// </summary>
sealed class FuzzBodies
{
    static readonly string[] Colons = [":", ": ", " : ", ":\t"];
    static readonly string[] Glues = [",", ", ", ",\n  ", " ,", ",\r\n\t"];
    static readonly string[] Openings = ["{", "{ ", "{\n  "];
    static readonly string[] Closings = ["}", " }", "\n}"];
    static readonly string[] Between = [",", ", ", ",\n", "\n,\n"];

    readonly Random _random;
    readonly FuzzValues _values;

    public FuzzBodies(int seed)
    {
        _random = new(seed);
        _values = new(_random);
        Form = (BodyForm)_random.Next(3);
        Bytes = Changed(Encoding.UTF8.GetBytes(Text()));
    }

    public BodyForm Form { get; }

    public byte[] Bytes { get; }

    bool OneIn(int n) => _random.Next(n) == 0;

    string Any(string[] of) => of[_random.Next(of.Length)];

    string Text()
    {
        var fields = Fields();
        var (colon, glue) = (Any(Colons), Any(Glues));
        var (open, close) = (Any(Openings), Any(Closings));
        if (Form == BodyForm.Lines && !OneIn(20)) (glue, open, close) = (", ", "{", "}");
        var count = Form == BodyForm.Single ? 1 : 1 + _random.Next(5);
        var events = Enumerable.Range(0, count).Select(_ => OneIn(25)
            ? Encoding.UTF8.GetString(new UglyJson(_random.Next()).Event())
            : open + string.Join(glue, Members(fields, colon)) + close);
        return Form switch
        {
            BodyForm.Array => "[" + string.Join(Any(Between), events) + "]",
            BodyForm.Lines => string.Join(OneIn(4) ? "\r\n" : "\n", events) + (OneIn(2) ? "\n" : ""),
            BodyForm.Single => events.First(),
        };
    }

    /// <summary>Names and makers of values, in the client's order.</summary>
    List<(string Name, Func<string> Value)> Fields()
    {
        var time = _values.TimeMaker();
        var number = _values.NumberMaker();
        var data = _values.DataMaker();
        var fields = new List<(string, Func<string>)>
        {
            ("timestamp", time), ("customer_ref", () => _values.Text(128)), ("customer_name", () => _values.Text(256)),
            ("usage_product_ref", () => _values.Text(128)), ("usage_product_name", () => _values.Text(256)),
            ("quantity", number), ("additional_report_data", data), ("validations", Validations(Any(Colons))),
            ("idempotency_key", () => _values.Text(255)),
        };
        for (var i = fields.Count - 1; i >= 0; i--)
        {
            var isRequired = i is 0 or 1 or 3 or 5;
            if (OneIn(isRequired ? 60 : 3)) fields.RemoveAt(i);
        }

        if (OneIn(3))
        {
            var order = fields.ToArray();
            _random.Shuffle(order);
            fields = [.. order];
        }

        if (OneIn(8)) fields.Insert(_random.Next(fields.Count + 1), ("extra", () => "1"));
        return fields;
    }

    Func<string> Validations(string colon)
    {
        var (currency, entity) = (!OneIn(4), !OneIn(3));
        return () => "{" + string.Join(
            ",",
            new[]
            {
                currency ? $"\"currency\"{colon}" + (OneIn(30) ? _values.Text(3) : "\"USD\"") : null,
                entity ? $"\"entity_ref\"{colon}{_values.Text(128)}" : null,
            }.OfType<string>()) + "}";
    }

    List<string> Members(List<(string Name, Func<string> Value)> fields, string colon)
    {
        var members = fields.ConvertAll(field => $"\"{field.Name}\"{colon}{(OneIn(60) ? "null" : field.Value())}");
        var at = _random.Next(members.Count);
        switch (_random.Next(60))
        {
            case 0:
                members.RemoveAt(at);
                break;
            case 1:
                members.Add(members[at]);
                break;
            case 2:
                (members[0], members[at]) = (members[at], members[0]);
                break;
            case 3:
                members[at] = members[at].Insert(1 + _random.Next(3), OneIn(2) ? "x" : "\\u0061");
                break;
        }

        return members;
    }

    byte[] Changed(byte[] body)
    {
        if (OneIn(2)) return body;
        var bytes = body.ToList();
        for (var i = 1 + _random.Next(3); i > 0 && bytes.Count > 0; i--) Change(bytes);
        return [.. bytes];
    }

    void Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count);
        switch (_random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(4)));
                break;
            case 3:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 4:
                var copied = bytes.GetRange(at, Math.Min(bytes.Count - at, _random.Next(60)));
                bytes.InsertRange(_random.Next(bytes.Count), copied);
                break;
            case 5:
                bytes[at] = bytes[_random.Next(bytes.Count)];
                break;
            default:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(_values.Piece()));
                break;
        }
    }
}

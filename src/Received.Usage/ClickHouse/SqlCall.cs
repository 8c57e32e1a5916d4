using System.Globalization;
using System.Text;

namespace Received.Usage.ClickHouse;

/// <summary>
/// A statement put together from fixed text and named parameters: a client's value never becomes part of the text.
/// Numbers of our own making (positions, windows, hashes) may: parameters of HTTP have at most 128 KiB.
/// </summary>
sealed class SqlCall
{
    readonly StringBuilder _text = new();

    public SqlCall()
    {
    }

    public SqlCall(string text) => Add(text);

    /// <summary>By the name that the server expects.</summary>
    public Dictionary<string, string> Parameters { get; } = [];

    public SqlCall Add(string text)
    {
        _text.Append(text).Append('\n');
        return this;
    }

    /// <summary>Fixed text in which <c>{0}</c> stands for a number.</summary>
    public SqlCall Add(string text, long value) =>
        Add(text.Replace("{0}", value.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    /// <summary>Fixed text in which <c>{0}</c> stands for a value of text; nothing at all for null.</summary>
    public SqlCall AddText(string text, string? value)
    {
        if (value is null) return this;
        var name = "p" + Parameters.Count.ToString(CultureInfo.InvariantCulture);
        Parameters.Add("param_" + name, Escaped(value));
        return Add(text.Replace("{0}", $"{{{name}:String}}", StringComparison.Ordinal));
    }

    public SqlCall AddIf(string text, long? value) => value is { } given ? Add(text, given) : this;

    public override string ToString() => _text.ToString();

    /// <summary>As the server reads a parameter: like a field of tab-separated text.</summary>
    static string Escaped(string value)
    {
        var escaped = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            switch (c)
            {
                case '\\': escaped.Append(@"\\"); break;
                case '\t': escaped.Append(@"\t"); break;
                case '\n': escaped.Append(@"\n"); break;
                case '\r': escaped.Append(@"\r"); break;
                case '\0': escaped.Append(@"\0"); break;
                default: escaped.Append(c); break;
            }
        }

        return escaped.ToString();
    }
}

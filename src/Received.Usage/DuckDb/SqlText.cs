using System.Text;

namespace Received.Usage.DuckDb;

/// <summary>
/// A statement put together from fixed text and numbered parameters: a value never becomes part of the text.
/// </summary>
sealed class SqlText
{
    readonly StringBuilder _text = new();
    readonly List<object?> _arguments = [];

    public ReadOnlySpan<object?> Arguments => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_arguments);

    public SqlText Add(string text)
    {
        _text.Append(text).Append('\n');
        return this;
    }

    /// <summary>Fixed text with one value: <c>{0}</c> in it becomes the parameter's number.</summary>
    public SqlText Add(string text, object? value)
    {
        _arguments.Add(value);
        return Add(text.Replace("{0}", "$" + _arguments.Count, StringComparison.Ordinal));
    }

    /// <summary>As <see cref="Add(string, object?)"/>, and nothing at all for null.</summary>
    public SqlText AddIf(string text, object? value) => value is null ? this : Add(text, value);

    /// <summary>A text value, where <c>{0}</c> stands for a VARCHAR.</summary>
    public SqlText AddText(string text, string? value) => value is null
        ? this
        : Add(text.Replace("{0}", "decode({0})", StringComparison.Ordinal), DuckDbSession.Utf8(value));

    public override string ToString() => _text.ToString();
}

using System.Text;

namespace Received.Server.Api;

/// <summary>
/// CSV as RFC 4180 has it (comma, CRLF, quotes doubled), UTF-8. A text cell that a spreadsheet would take for a formula
/// gets an apostrophe in front: names come from whoever reports usage, and a spreadsheet runs what begins with one of
/// these. Machines that need references byte for byte take JSON or Parquet.
/// </summary>
static class CsvText
{
    static readonly System.Buffers.SearchValues<char> Quoted = System.Buffers.SearchValues.Create(",\"\r\n");

    public static void AppendText(StringBuilder line, string? text)
    {
        text ??= "";
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n') text = "'" + text;
        AppendPlain(line, text);
    }

    /// <summary>For what the program made itself: numbers, instants.</summary>
    public static void AppendPlain(StringBuilder line, string text)
    {
        if (line.Length > 0 && line[^1] != '\n') line.Append(',');
        if (text.AsSpan().ContainsAny(Quoted)) line.Append('"').Append(text.Replace("\"", "\"\"")).Append('"');
        else line.Append(text);
    }

    public static void EndLine(StringBuilder line) => line.Append("\r\n");
}

using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace Received.Tests.Billing.Documents;

/// <summary>
/// Reads back what <c>PdfFile</c> writes, by the places in its table: objects, streams, and each page's texts through
/// the fonts' character maps, as a search in a PDF reader does.
/// </summary>
sealed partial class PdfReader
{
    readonly byte[] _file;
    readonly string _text;
    readonly Dictionary<int, int> _places = [];

    public PdfReader(byte[] file)
    {
        _file = file;
        _text = Encoding.Latin1.GetString(file);
        var table = int.Parse(StartPattern().Match(_text).Groups[1].Value, CultureInfo.InvariantCulture);
        var number = 0;
        foreach (Match entry in PlacePattern().Matches(_text[table..]))
        {
            if (entry.Groups[2].Value == "n") _places.Add(number, int.Parse(entry.Groups[1].Value));
            number++;
        }

        var fonts = FontPattern().Matches(_text).DistinctBy(font => font.Groups[1].Value)
            .ToDictionary(font => font.Groups[1].Value, font => Characters(int.Parse(font.Groups[2].Value)));
        Pages = [.. KidsPattern().Match(_text).Groups[1].Value.Split(" 0 R", StringSplitOptions.TrimEntries)
            .Where(kid => kid.Length > 0).Select(kid => ReadPage(int.Parse(kid), fonts))];
    }

    public IReadOnlyList<IReadOnlyList<PdfPiece>> Pages { get; }

    /// <summary>A page's pieces from its top down, one a line.</summary>
    public string PageText(int index) => string.Join('\n', Pages[index]
        .OrderByDescending(piece => piece.Y).ThenBy(piece => piece.X).Select(piece => piece.Text));

    public string AllText => string.Join('\n', Enumerable.Range(0, Pages.Count).Select(PageText));

    /// <summary>A text string of the document's information, such as Title.</summary>
    public string Info(string name) => Encoding.BigEndianUnicode.GetString(
        Convert.FromHexString(Regex.Match(_text, $"/{name} <FEFF([0-9A-F]*)>").Groups[1].Value));

    /// <summary>Every object stands where the table says.</summary>
    public bool PlacesAreRight => _places.Count > 0
        && _places.All(place => _text.AsSpan(place.Value).StartsWith($"{place.Key} 0 obj\n"));

    string Body(int number) =>
        _text[_places[number].._text.IndexOf("endobj", _places[number], StringComparison.Ordinal)];

    byte[] Stream(int number)
    {
        var head = LengthPattern().Match(_text, _places[number]);
        var start = _text.IndexOf("stream\n", _places[number], StringComparison.Ordinal) + "stream\n".Length;
        using var packed = new MemoryStream(_file, start, int.Parse(head.Groups[1].Value));
        using var zlib = new ZLibStream(packed, CompressionMode.Decompress);
        using var plain = new MemoryStream();
        zlib.CopyTo(plain);
        return plain.ToArray();
    }

    Dictionary<string, string> Characters(int font)
    {
        var map = int.Parse(Regex.Match(Body(font), @"/ToUnicode (\d+) 0 R").Groups[1].Value);
        return CharacterPattern().Matches(Encoding.ASCII.GetString(Stream(map))).ToDictionary(
            entry => entry.Groups[1].Value,
            entry => char.ConvertFromUtf32(int.Parse(entry.Groups[2].Value, NumberStyles.HexNumber)));
    }

    List<PdfPiece> ReadPage(int number, Dictionary<string, Dictionary<string, string>> fonts)
    {
        var content = int.Parse(Regex.Match(Body(number), @"/Contents (\d+) 0 R").Groups[1].Value);
        return [.. PiecePattern().Matches(Encoding.ASCII.GetString(Stream(content))).Select(piece => new PdfPiece(
            double.Parse(piece.Groups[2].Value, CultureInfo.InvariantCulture),
            double.Parse(piece.Groups[3].Value, CultureInfo.InvariantCulture),
            string.Concat(piece.Groups[4].Value.Chunk(4)
                .Select(glyph => fonts[piece.Groups[1].Value][new string(glyph)]))))];
    }

    [GeneratedRegex(@"startxref\n(\d+)\n%%EOF\n$")]
    private static partial Regex StartPattern();

    [GeneratedRegex(@"(\d{10}) \d{5} ([nf]) \n")]
    private static partial Regex PlacePattern();

    [GeneratedRegex(@"/(F\d) (\d+) 0 R")]
    private static partial Regex FontPattern();

    [GeneratedRegex(@"/Kids \[([^\]]*)\]")]
    private static partial Regex KidsPattern();

    [GeneratedRegex(@"/Length (\d+)")]
    private static partial Regex LengthPattern();

    [GeneratedRegex("^<([0-9A-F]{4})> <([0-9A-F]+)>$", RegexOptions.Multiline)]
    private static partial Regex CharacterPattern();

    [GeneratedRegex(@"BT /(F\d) [\d.]+ Tf ([\d.-]+) ([\d.-]+) Td <([0-9A-F]*)> Tj ET")]
    private static partial Regex PiecePattern();
}

sealed record PdfPiece(double X, double Y, string Text);

using System.Globalization;
using System.Text;

namespace Received.Billing.Documents.Pdf;

/// <summary>
/// One font of one file: notes which glyphs were shown, so that only these are embedded, with the characters that they
/// stand for, so that text can be searched and copied.
/// </summary>
sealed class PdfFont(TrueTypeFont face, string resource)
{
    readonly SortedDictionary<ushort, Rune> _shown = [];

    /// <summary>Its name in the pages' resources.</summary>
    public string Resource { get; } = resource;

    public TrueTypeFont Face { get; } = face;

    /// <param name="size">Points.</param>
    /// <returns>Points.</returns>
    public double Width(ReadOnlySpan<char> text, double size)
    {
        long sum = 0;
        foreach (var character in text.EnumerateRunes()) sum += Width(character);
        return sum * size / 1000;
    }

    /// <summary>In thousandths of the size.</summary>
    public int Width(Rune character) => IsUnseen(character) ? 0 : Face.Advance(Face.Glyph(Seen(character)));

    /// <summary>The text as a PDF hex string of glyph numbers.</summary>
    public string Encode(ReadOnlySpan<char> text)
    {
        var hex = new StringBuilder("<", (text.Length * 4) + 2);
        foreach (var character in text.EnumerateRunes())
        {
            if (IsUnseen(character)) continue;
            var seen = Seen(character);
            var glyph = Face.Glyph(seen);
            _shown.TryAdd(glyph, Face.Has(seen) ? seen : TrueTypeFont.Replacement);
            hex.Append(glyph.ToString("X4", CultureInfo.InvariantCulture));
        }

        return hex.Append('>').ToString();
    }

    /// <summary>Adds the parts of the font to the file and gives the text of its own object.</summary>
    public string Describe(PdfFile file)
    {
        // Six letters before the name mark a subset (ISO 32000-1, 9.6.4); fixed ones, as equal input makes equal files.
        var name = "RCVDXX+" + Face.Name;
        var program = file.AddStream(Face.Subset(_shown.Keys));
        var box = string.Join(' ', Face.Bounds);
        var descriptor = file.Add(
            $"<< /Type /FontDescriptor /FontName /{name} /Flags 32 /FontBBox [{box}] /ItalicAngle 0 "
            + $"/Ascent {Face.Ascent} /Descent {Face.Descent} /CapHeight {Face.CapHeight} /StemV 80 "
            + $"/FontFile2 {program} 0 R >>");
        var widths = string.Join(' ', _shown.Keys.Select(glyph => $"{glyph} [{Face.Advance(glyph)}]"));
        var descendant = file.Add(
            $"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity "
            + "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            + $"/FontDescriptor {descriptor} 0 R /DW 0 /W [{widths}] >>");
        var characters = file.AddStream(Encoding.ASCII.GetBytes(CharacterMap()));
        return $"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
            + $"/DescendantFonts [{descendant} 0 R] /ToUnicode {characters} 0 R >>";
    }

    string CharacterMap()
    {
        var map = new StringBuilder(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            + "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            + "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            + "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n");
        // A block may have a hundred entries (ISO 32000-1, 9.10.3 by way of Adobe's 5014).
        foreach (var block in _shown.Chunk(100))
        {
            map.Append(CultureInfo.InvariantCulture, $"{block.Length} beginbfchar\n");
            foreach (var (glyph, character) in block)
                map.Append(CultureInfo.InvariantCulture, $"<{glyph:X4}> <{character.Value:X4}>\n");
            map.Append("endbfchar\n");
        }

        return map.Append("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n").ToString();
    }

    /// <summary>Joiners, direction marks and variation selectors have no shape of their own.</summary>
    static bool IsUnseen(Rune character) => character.Value != 0xAD
        && (Rune.GetUnicodeCategory(character) == UnicodeCategory.Format || character.Value is >= 0xFE00 and <= 0xFE0F);

    /// <summary>Every kind of space is a space; a line is broken before it comes here.</summary>
    static Rune Seen(Rune character) => character.Value switch
    {
        '\t' or '\r' or '\n' or 0xA0 or 0x202F => new(' '),
        0xAD => new('-'),
        _ => character,
    };
}

using System.Text;

namespace Received.Billing.Documents.Pdf;

/// <summary>
/// Breaks text into lines: at its own line ends, then at spaces, and a word wider than the line anywhere. Linear in the
/// text, and no character is lost but the spaces at which a line ends.
/// </summary>
static class TextWrap
{
    public static List<string> Lines(PdfFont font, double size, string text, double width)
    {
        var lines = new List<string>();
        foreach (var part in text.AsSpan().EnumerateLines())
            Wrap(font, part, (long)(width * 1000 / size), lines);
        return lines;
    }

    /// <param name="width">In thousandths of the font's size.</param>
    static void Wrap(PdfFont font, ReadOnlySpan<char> text, long width, List<string> lines)
    {
        // A break is possible after the last space, which stays behind: [start, breakAt) and on from breakNext.
        int start = 0, at = 0, breakAt = -1, breakNext = 0;
        long used = 0, usedAtBreak = 0;
        while (at < text.Length)
        {
            _ = Rune.DecodeFromUtf16(text[at..], out var character, out var length);
            var wide = font.Width(character);
            if (character.Value is ' ' or '\t')
            {
                (breakAt, breakNext) = (at, at + length);
                usedAtBreak = used + wide;
            }
            else if (used + wide > width && at > start && wide > 0)
            {
                if (breakAt > start)
                {
                    lines.Add(text[start..breakAt].ToString());
                    start = breakNext;
                    used -= usedAtBreak;
                }
                else
                {
                    lines.Add(text[start..at].ToString());
                    start = at;
                    used = 0;
                }

                breakAt = -1;
                continue;
            }

            used += wide;
            at += length;
        }

        lines.Add(text[start..].TrimEnd(' ').ToString());
    }
}

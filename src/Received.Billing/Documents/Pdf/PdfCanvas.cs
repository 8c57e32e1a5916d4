using System.Globalization;
using System.Text;

namespace Received.Billing.Documents.Pdf;

/// <summary>What is drawn on one A4 page, in points from its upper left corner.</summary>
sealed class PdfCanvas
{
    public const double Width = 595.28;
    public const double Height = 841.89;

    readonly StringBuilder _operators = new();
    readonly StringBuilder _links = new();

    /// <param name="y">The line that letters stand on.</param>
    public void Text(PdfFont font, double size, Ink ink, double x, double y, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return;
        Fill(ink);
        Put($"BT /{font.Resource} {N(size)} Tf {N(x)} {N(Height - y)} Td {font.Encode(text)} Tj ET\n");
    }

    public void TextRight(PdfFont font, double size, Ink ink, double right, double y, ReadOnlySpan<char> text) =>
        Text(font, size, ink, right - font.Width(text, size), y, text);

    /// <summary>Across the page from below left to above right, behind what is drawn later.</summary>
    public void Watermark(PdfFont font, double size, Ink ink, string text)
    {
        const double Cosine = 0.8192, Sine = 0.5736;
        var half = font.Width(text, size) / 2;
        var x = (Width / 2) - (half * Cosine) + (size * 0.35 * Sine);
        var y = (Height / 2) - (half * Sine) - (size * 0.35 * Cosine);
        Fill(ink);
        Put($"BT /{font.Resource} {N(size)} Tf {N(Cosine)} {N(Sine)} {N(-Sine)} {N(Cosine)} {N(x)} {N(y)} Tm ");
        Put($"{font.Encode(text)} Tj ET\n");
    }

    public void Rule(Ink ink, double thickness, double left, double right, double y) =>
        Box(ink, left, y - (thickness / 2), right - left, thickness);

    public void Box(Ink ink, double x, double y, double width, double height)
    {
        Fill(ink);
        Put($"{N(x)} {N(Height - y - height)} {N(width)} {N(height)} re f\n");
    }

    /// <param name="address">ASCII.</param>
    public void Link(double x, double y, double width, double height, string address)
    {
        var uri = Convert.ToHexString(Encoding.ASCII.GetBytes(address));
        _links.Append(CultureInfo.InvariantCulture, $"<< /Type /Annot /Subtype /Link /Border [0 0 0] /Rect [{N(x)} ");
        _links.Append(CultureInfo.InvariantCulture, $"{N(Height - y - height)} {N(x + width)} {N(Height - y)}] ");
        _links.Append(CultureInfo.InvariantCulture, $"/A << /S /URI /URI <{uri}> >> >> ");
    }

    /// <summary>Adds the page to the file and gives its object's number.</summary>
    public int Write(PdfFile file, int pages, string resources)
    {
        var content = file.AddStream(Encoding.ASCII.GetBytes(_operators.ToString()));
        return file.Add(
            $"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {N(Width)} {N(Height)}] "
            + $"/Resources << {resources} >> /Contents {content} 0 R /Annots [{_links}] >>");
    }

    void Fill(Ink ink) => Put($"{N(ink.R)} {N(ink.G)} {N(ink.B)} rg ");

    void Put(string operators) => _operators.Append(operators);

    static string N(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}

/// <summary>A colour; each part from 0 to 1.</summary>
readonly record struct Ink(double R, double G, double B)
{
    public static readonly Ink Black = new(0.1, 0.11, 0.13);
    public static readonly Ink Grey = new(0.4, 0.42, 0.46);
    public static readonly Ink Line = new(0.78, 0.8, 0.83);
    public static readonly Ink Shade = new(0.955, 0.96, 0.97);
    public static readonly Ink Faint = new(0.925, 0.93, 0.94);
    public static readonly Ink Green = new(0.07, 0.45, 0.25);
    public static readonly Ink Red = new(0.72, 0.11, 0.11);
    public static readonly Ink Blue = new(0.07, 0.3, 0.62);
}

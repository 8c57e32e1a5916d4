namespace Received.Billing.Documents.Pdf;

/// <summary>A line of text with its looks.</summary>
readonly record struct Styled(string Text, PdfFont Font, double Size, Ink Ink);

/// <summary>
/// The pages of one document and the place where the next thing goes. Whoever draws asks <see cref="Fits"/> first.
/// </summary>
sealed class PdfFlow(Action<PdfFlow> opened)
{
    public const double Left = 48;
    public const double Right = PdfCanvas.Width - 48;
    public const double Wide = Right - Left;
    public const double Bottom = PdfCanvas.Height - 70;
    public const double BodySize = 9;
    public const double SmallSize = 8;

    const double Top = 48;
    const double LineHeight = 12;

    public PdfFont Regular { get; } = new(TrueTypeFont.Regular, "F1");

    public PdfFont Bold { get; } = new(TrueTypeFont.Bold, "F2");

    public List<PdfCanvas> Pages { get; } = [];

    public PdfCanvas Page => Pages[^1];

    /// <summary>Upper edge of what comes next.</summary>
    public double Y { get; set; }

    public bool Fits(double height) => Y + height <= Bottom;

    public void NewPage()
    {
        Pages.Add(new());
        Y = Top;
        opened(this);
    }

    public void Room(double height)
    {
        if (!Fits(height)) NewPage();
    }

    public Styled Body(string text) => new(text, Regular, BodySize, Ink.Black);

    public Styled Small(string text) => new(text, Regular, SmallSize, Ink.Grey);

    public Styled Strong(string text) => new(text, Bold, BodySize, Ink.Black);

    public static IEnumerable<Styled> Wrap(Styled line, double width) =>
        TextWrap.Lines(line.Font, line.Size, line.Text, width).Select(text => line with { Text = text });

    /// <summary>A number is better small than broken; below 6 points it is broken all the same.</summary>
    public static Styled Fit(Styled line, double wide)
    {
        var have = line.Font.Width(line.Text, line.Size);
        // A hair less than would just fit, so that rounding does not break the line.
        return have <= wide ? line : line with { Size = Math.Max(6, line.Size * wide / have * 0.995) };
    }

    /// <summary>Two columns side by side, line by line, over as many pages as they need.</summary>
    public void Columns(IReadOnlyList<Styled> left, IReadOnlyList<Styled> right)
    {
        for (var at = 0; at < Math.Max(left.Count, right.Count); at++)
        {
            var size = Math.Max(at < left.Count ? left[at].Size : 0, at < right.Count ? right[at].Size : 0);
            var height = Math.Max(LineHeight, size * 1.3);
            Room(height);
            var baseline = Y + (height * 0.78);
            if (at < left.Count) Draw(left[at], Left, baseline);
            if (at < right.Count) DrawRight(right[at], Right, baseline);
            Y += height;
        }
    }

    public void Draw(Styled line, double x, double baseline) =>
        Page.Text(line.Font, line.Size, line.Ink, x, baseline, line.Text);

    public void DrawRight(Styled line, double right, double baseline) =>
        Page.TextRight(line.Font, line.Size, line.Ink, right, baseline, line.Text);
}

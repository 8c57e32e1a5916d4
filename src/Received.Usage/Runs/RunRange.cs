using System.Globalization;

namespace Received.Usage.Runs;

/// <summary>
/// Which adds a run holds, by their numbers, both inclusive: its file's name. A run whose range lies within another's
/// was an input of the merge that made it, left by a crash before it was deleted.
/// </summary>
readonly record struct RunRange(long First, long Last)
{
    public const string Extension = ".keys";

    const int Digits = 16;

    public string FileName => $"{First:x16}-{Last:x16}{Extension}";

    public bool Contains(RunRange other) => First <= other.First && other.Last <= Last;

    public bool Overlaps(RunRange other) => First <= other.Last && other.First <= Last;

    public static bool TryParse(string fileName, out RunRange range)
    {
        range = default;
        if (fileName.Length != (Digits * 2) + 1 + Extension.Length || fileName[Digits] != '-'
            || !TryParseNumber(fileName.AsSpan(0, Digits), out var first)
            || !TryParseNumber(fileName.AsSpan(Digits + 1, Digits), out var last) || last < first) return false;
        range = new(first, last);
        return range.FileName == fileName;
    }

    static bool TryParseNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && number > 0;
}

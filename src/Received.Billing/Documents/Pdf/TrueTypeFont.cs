using System.Buffers.Binary;
using System.Text;

namespace Received.Billing.Documents.Pdf;

/// <summary>
/// What a PDF needs of a TrueType file: which glyph shows a character, how wide it is, and a file with only the glyphs
/// that were used. The files are resources of this assembly (Documents/Fonts), so no font has to be installed; their
/// structure is trusted, text is not.
/// </summary>
sealed class TrueTypeFont
{
    /// <summary>Shown for what the font lacks: it must not vanish.</summary>
    public static readonly Rune Replacement = new(0xFFFD);

    // What a PDF reader needs of an embedded TrueType font (ISO 32000-1, 9.9), in the directory's order.
    static readonly string[] TablesKept = ["cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"];

    readonly byte[] _file;
    readonly Dictionary<string, Range> _tables = [];
    readonly Dictionary<int, ushort> _glyphs = [];
    readonly ushort[] _advances;
    readonly uint[] _places;
    readonly int _unitsPerEm;

    TrueTypeFont(byte[] file, string name)
    {
        _file = file;
        Name = name;
        for (var at = 0; at < U16(file, 4); at++)
        {
            var entry = file.AsSpan(12 + (at * 16), 16);
            var start = (int)BinaryPrimitives.ReadUInt32BigEndian(entry[8..]);
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(entry[12..]);
            _tables.Add(Encoding.ASCII.GetString(entry[..4]), start..(start + length));
        }

        var head = Table("head");
        _unitsPerEm = U16(head, 18);
        Bounds = [Em(S16(head, 36)), Em(S16(head, 38)), Em(S16(head, 40)), Em(S16(head, 42))];
        Ascent = Em(S16(Table("hhea"), 4));
        Descent = Em(S16(Table("hhea"), 6));
        CapHeight = Em(S16(Table("OS/2"), 88));
        _advances = ReadAdvances();
        _places = ReadPlaces(S16(head, 50) == 0);
        ReadCharacters();
    }

    public static TrueTypeFont Regular { get; } = Load("NotoSans-Regular");

    public static TrueTypeFont Bold { get; } = Load("NotoSans-Bold");

    public string Name { get; }

    /// <summary>In thousandths of the font's size, as all that follow.</summary>
    public int[] Bounds { get; }

    public int Ascent { get; }

    public int Descent { get; }

    public int CapHeight { get; }

    public bool Has(Rune character) => _glyphs.ContainsKey(character.Value);

    /// <summary>The replacement's glyph where the font lacks the character.</summary>
    public ushort Glyph(Rune character) =>
        _glyphs.TryGetValue(character.Value, out var glyph) ? glyph : _glyphs[Replacement.Value];

    public int Advance(ushort glyph) => Em(_advances[glyph]);

    /// <summary>A font file in which only these glyphs have outlines; numbers of glyphs stay as they are.</summary>
    public byte[] Subset(IEnumerable<ushort> glyphs)
    {
        var used = new SortedSet<ushort>(glyphs) { 0 };
        foreach (var glyph in used.ToArray()) AddParts(glyph, used);
        var outlines = new MemoryStream();
        var places = new byte[_places.Length * 4];
        var metrics = new byte[_advances.Length * 4];
        for (var glyph = 0; glyph < _advances.Length; glyph++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(places.AsSpan(glyph * 4), (uint)outlines.Length);
            if (!used.Contains((ushort)glyph)) continue;
            outlines.Write(Outline((ushort)glyph));
            while (outlines.Length % 4 != 0) outlines.WriteByte(0);
            BinaryPrimitives.WriteUInt16BigEndian(metrics.AsSpan(glyph * 4), _advances[glyph]);
            BinaryPrimitives.WriteInt16BigEndian(metrics.AsSpan((glyph * 4) + 2), SideBearing(glyph));
        }

        BinaryPrimitives.WriteUInt32BigEndian(places.AsSpan(places.Length - 4), (uint)outlines.Length);
        var head = Table("head").ToArray();
        head.AsSpan(8, 4).Clear();
        BinaryPrimitives.WriteInt16BigEndian(head.AsSpan(50), 1);
        var hhea = Table("hhea").ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(hhea.AsSpan(34), (ushort)_advances.Length);
        return Assemble(new()
        {
            ["glyf"] = outlines.ToArray(),
            ["head"] = head,
            ["hhea"] = hhea,
            ["hmtx"] = metrics,
            ["loca"] = places,
        });
    }

    static TrueTypeFont Load(string name)
    {
        using var resource = typeof(TrueTypeFont).Assembly.GetManifestResourceStream($"Documents.Fonts.{name}.ttf")
            ?? throw new InvalidOperationException($"The font {name} is not in this assembly.");
        var file = new byte[resource.Length];
        resource.ReadExactly(file);
        return new(file, name);
    }

    byte[] Assemble(Dictionary<string, byte[]> changed)
    {
        var tables = TablesKept.Where(name => changed.ContainsKey(name) || _tables.ContainsKey(name))
            .Select(name => (Name: name, Bytes: changed.TryGetValue(name, out var bytes)
                ? bytes
                : Table(name).ToArray()))
            .ToArray();
        var directory = new byte[12 + (16 * tables.Length)];
        BinaryPrimitives.WriteUInt32BigEndian(directory, 0x00010000);
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(4), (ushort)tables.Length);
        var power = (int)Math.Log2(tables.Length);
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(6), (ushort)(16 << power));
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(8), (ushort)power);
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(10), (ushort)((tables.Length - (1 << power)) * 16));
        var body = new MemoryStream();
        for (var at = 0; at < tables.Length; at++)
        {
            var (name, bytes) = tables[at];
            var entry = directory.AsSpan(12 + (at * 16), 16);
            Encoding.ASCII.GetBytes(name, entry);
            BinaryPrimitives.WriteUInt32BigEndian(entry[4..], Checksum(bytes));
            BinaryPrimitives.WriteUInt32BigEndian(entry[8..], (uint)(directory.Length + body.Length));
            BinaryPrimitives.WriteUInt32BigEndian(entry[12..], (uint)bytes.Length);
            body.Write(bytes);
            while (body.Length % 4 != 0) body.WriteByte(0);
        }

        return [.. directory, .. body.ToArray()];
    }

    static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        Span<byte> word = stackalloc byte[4];
        for (var at = 0; at < bytes.Length; at += 4)
        {
            word.Clear();
            bytes[at..Math.Min(at + 4, bytes.Length)].CopyTo(word);
            sum = unchecked(sum + BinaryPrimitives.ReadUInt32BigEndian(word));
        }

        return sum;
    }

    /// <summary>An accented letter's outline names the glyphs that it is made of.</summary>
    void AddParts(ushort glyph, SortedSet<ushort> used)
    {
        const int ArgumentsAreWords = 1, HasScale = 8, MoreParts = 0x20, HasTwoScales = 0x40, HasMatrix = 0x80;
        var outline = Outline(glyph);
        if (outline.Length < 10 || S16(outline, 0) >= 0) return;
        var at = 10;
        int flags;
        do
        {
            flags = U16(outline, at);
            var part = U16(outline, at + 2);
            if (used.Add(part)) AddParts(part, used);
            at += (flags & ArgumentsAreWords) != 0 ? 8 : 6;
            if ((flags & HasScale) != 0) at += 2;
            else if ((flags & HasTwoScales) != 0) at += 4;
            else if ((flags & HasMatrix) != 0) at += 8;
        }
        while ((flags & MoreParts) != 0);
    }

    ReadOnlySpan<byte> Outline(ushort glyph) => Table("glyf")[(int)_places[glyph]..(int)_places[glyph + 1]];

    short SideBearing(int glyph)
    {
        var full = U16(Table("hhea"), 34);
        return S16(Table("hmtx"), glyph < full ? (glyph * 4) + 2 : (full * 4) + ((glyph - full) * 2));
    }

    ushort[] ReadAdvances()
    {
        var hmtx = Table("hmtx");
        var full = U16(Table("hhea"), 34);
        var advances = new ushort[U16(Table("maxp"), 4)];
        for (var glyph = 0; glyph < advances.Length; glyph++)
            advances[glyph] = U16(hmtx, Math.Min(glyph, full - 1) * 4);
        return advances;
    }

    uint[] ReadPlaces(bool halved)
    {
        var loca = Table("loca");
        var places = new uint[_advances.Length + 1];
        for (var glyph = 0; glyph < places.Length; glyph++)
            places[glyph] = halved
                ? U16(loca, glyph * 2) * 2u
                : BinaryPrimitives.ReadUInt32BigEndian(loca[(glyph * 4)..]);
        return places;
    }

    /// <summary>The table of Windows' Unicode characters in format 4: all of the basic plane.</summary>
    void ReadCharacters()
    {
        var cmap = Table("cmap");
        for (var at = 0; at < U16(cmap, 2); at++)
        {
            var entry = cmap.Slice(4 + (at * 8), 8);
            var map = cmap[(int)BinaryPrimitives.ReadUInt32BigEndian(entry[4..])..];
            if (U16(entry, 0) == 3 && U16(entry, 2) == 1 && U16(map, 0) == 4) ReadSegments(map);
        }
    }

    void ReadSegments(ReadOnlySpan<byte> map)
    {
        var doubled = U16(map, 6);
        for (var at = 0; at < doubled; at += 2)
        {
            int last = U16(map, 14 + at), first = U16(map, 16 + doubled + at);
            int delta = U16(map, 16 + (2 * doubled) + at), offsetAt = 16 + (3 * doubled) + at;
            int offset = U16(map, offsetAt);
            for (var character = first; character <= last && character != 0xFFFF; character++)
            {
                var glyph = offset == 0 ? character : U16(map, offsetAt + offset + ((character - first) * 2));
                if (glyph != 0 || offset == 0) glyph = (glyph + delta) & 0xFFFF;
                if (glyph != 0) _glyphs[character] = (ushort)glyph;
            }
        }
    }

    ReadOnlySpan<byte> Table(string name) => _file.AsSpan(_tables[name]);

    int Em(int units) => units * 1000 / _unitsPerEm;

    static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    static short S16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt16BigEndian(bytes[at..]);
}

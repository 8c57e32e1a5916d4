using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Received.Billing.Documents.Pdf;

/// <summary>
/// A PDF 1.7 file (ISO 32000-1) under construction: numbered objects, compressed streams, the table of their places.
/// It has no clock and no randomness: the same objects are the same bytes, and the file's id is their hash.
/// </summary>
sealed class PdfFile
{
    readonly List<byte[]> _objects = [];

    /// <summary>A number for an object whose text is known only later.</summary>
    public int Reserve()
    {
        _objects.Add([]);
        return _objects.Count;
    }

    public void Set(int number, string text) => _objects[number - 1] = Encoding.Latin1.GetBytes(text);

    public int Add(string text)
    {
        var number = Reserve();
        Set(number, text);
        return number;
    }

    public int AddStream(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) zlib.Write(bytes);
        var head = Encoding.ASCII.GetBytes(
            $"<< /Length {packed.Length} /Length1 {bytes.Length} /Filter /FlateDecode >>\nstream\n");
        var number = Reserve();
        _objects[number - 1] = [.. head, .. packed.ToArray(), .. "\nendstream"u8];
        return number;
    }

    public byte[] Finish(int catalog, int info)
    {
        var file = new MemoryStream();
        // Bytes above 127 in the second line say that the file is binary (7.5.2).
        file.Write("%PDF-1.7\n%\u00E2\u00E3\u00CF\u00D3\n"u8);
        var places = new long[_objects.Count];
        for (var at = 0; at < places.Length; at++)
        {
            places[at] = file.Length;
            file.Write(Encoding.ASCII.GetBytes($"{at + 1} 0 obj\n"));
            file.Write(_objects[at]);
            file.Write("\nendobj\n"u8);
        }

        var id = Convert.ToHexString(SHA256.HashData(file.ToArray()).AsSpan(0, 16));
        var table = new StringBuilder();
        table.Append(CultureInfo.InvariantCulture, $"xref\n0 {places.Length + 1}\n0000000000 65535 f \n");
        foreach (var place in places) table.Append(CultureInfo.InvariantCulture, $"{place:D10} 00000 n \n");
        table.Append(CultureInfo.InvariantCulture, $"trailer\n<< /Size {places.Length + 1} /Root {catalog} 0 R ");
        table.Append(CultureInfo.InvariantCulture, $"/Info {info} 0 R /ID [<{id}> <{id}>] >>\n");
        table.Append(CultureInfo.InvariantCulture, $"startxref\n{file.Length}\n%%EOF\n");
        file.Write(Encoding.ASCII.GetBytes(table.ToString()));
        return file.ToArray();
    }

    /// <summary>Text outside of pages: UTF-16 with its mark, in hex, so that nothing in it ends the string.</summary>
    public static string TextString(string text) =>
        $"<FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}>";
}

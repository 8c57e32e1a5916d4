using System.Collections;
using QRCoder;

namespace Received.Billing.Documents;

/// <summary>A payment page's address that is safe to link, and its QR code. Anything but http(s) is no link.</summary>
/// <param name="Code">Null where the address is too long for a code that a phone reads off a page.</param>
sealed record PaymentLink(string Address, LinkCode? Code)
{
    // About version 15 at level M: 77 modules, which are a millimetre wide on the page only if they are few.
    const int CodeLengthMax = 400;

    // What browsers and PDF readers take; a longer one is not an address.
    const int LengthMax = 2000;

    public static PaymentLink? From(string? text)
    {
        if (text is null || text.Length > LengthMax || !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp)) return null;
        var address = uri.AbsoluteUri;
        if (!System.Text.Ascii.IsValid(address)) return null;
        return new(address, address.Length <= CodeLengthMax ? LinkCode.Of(address) : null);
    }
}

/// <summary>The dark squares of a QR code.</summary>
sealed class LinkCode
{
    readonly List<BitArray> _rows;

    LinkCode(List<BitArray> rows) => _rows = rows;

    /// <summary>Modules in a row and in a column.</summary>
    public int Size => _rows.Count;

    public static LinkCode Of(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        return new([.. code.ModuleMatrix]);
    }

    /// <summary>Dark squares that touch in a row, as one.</summary>
    public IEnumerable<(int Row, int From, int Length)> Runs()
    {
        for (var row = 0; row < Size; row++)
        {
            var from = -1;
            for (var at = 0; at <= Size; at++)
            {
                var dark = at < Size && _rows[row][at];
                if (dark && from < 0) from = at;
                if (dark || from < 0) continue;
                yield return (row, from, at - from);
                from = -1;
            }
        }
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Received.Model;
using Received.Usage;

namespace Received.Server.Api;

/// <summary>
/// Cursors as text: where a page ended and a fingerprint of the question, so that a cursor put to another question,
/// or to another account, is refused instead of answering something. Opaque to clients, and no secret.
/// </summary>
static class PageCursor
{
    // A fingerprint catches mistakes, not attacks: a cursor only ever says where to go on in one's own account.
    const int FingerprintBytes = 6;

    public static string Format(TotalsCursor cursor, string question) => Encode(
        [Fingerprint(question), cursor.StartMs.ToString(), cursor.CustomerRef, cursor.ProductRef, cursor.Currency,
            cursor.EntityRef]);

    public static string Format(LogPosition position, string question) =>
        Encode([Fingerprint(question), EventRef.Format(position)]);

    /// <summary>Where a list in the order of its ids ended.</summary>
    public static string Format(long id, string question) => Encode([Fingerprint(question), id.ToString()]);

    public static bool TryParse(string text, string question, out long id)
    {
        id = 0;
        return Decode(text, question) is [_, var number]
            && long.TryParse(number, System.Globalization.NumberStyles.None, null, out id);
    }

    public static bool TryParse(string text, string question, out TotalsCursor? cursor)
    {
        cursor = null;
        if (Decode(text, question) is not [_, var start, var customer, var product, var currency, var entity]
            || !long.TryParse(start, out var startMs)) return false;
        cursor = new(startMs, customer, product, currency, entity);
        return true;
    }

    public static bool TryParse(string text, string question, out LogPosition position)
    {
        position = default;
        return Decode(text, question) is [_, var reference] && EventRef.TryParse(reference, out position);
    }

    static string Encode(string[] fields) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(fields));

    static string[]? Decode(string text, string question)
    {
        try
        {
            var fields = JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(text));
            return fields is [var first, ..] && first == Fingerprint(question) && !fields.Contains(null)
                ? fields
                : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    static string Fingerprint(string question) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(question)).AsSpan(0, FingerprintBytes));
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Received.Billing.Payments.Stripe;

/// <summary>
/// The header Stripe-Signature, <c>t=seconds,v1=hex,v1=hex,...</c>: HMAC-SHA256 of <c>t.body</c> over the bytes as
/// received, compared in constant time. Only scheme v1 counts; two of them come while a secret is being replaced.
/// </summary>
static class StripeSignature
{
    /// <summary>Stripe sends one or two; more is somebody who lets us compute.</summary>
    const int SignaturesMax = 8;

    const int HeaderLengthMax = 1_024;

    public static NoticeCheck Check(
        ReadOnlySpan<byte> body, string? header, IReadOnlyList<string> secrets, DateTimeOffset now, TimeSpan age)
    {
        if (header is null || header.Length > HeaderLengthMax) return NoticeCheck.Forged;
        string? seconds = null;
        List<byte[]> signatures = [];
        foreach (var part in header.Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) continue;
            var (name, value) = (part[..equals].Trim(), part[(equals + 1)..].Trim());
            if (name == "t") seconds ??= value;
            else if (name == "v1" && signatures.Count < SignaturesMax && Hex(value) is { } bytes) signatures.Add(bytes);
        }

        if (seconds is null || !long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || at > DateTimeOffset.MaxValue.ToUnixTimeSeconds()) return NoticeCheck.Forged;
        var isSigned = false;
        foreach (var secret in secrets) isSigned |= IsSigned(body, seconds, secret, signatures);
        if (!isSigned) return NoticeCheck.Forged;
        return (now - DateTimeOffset.FromUnixTimeSeconds(at)).Duration() <= age
            ? NoticeCheck.Genuine
            : NoticeCheck.TooOld;
    }

    static bool IsSigned(ReadOnlySpan<byte> body, string seconds, string secret, List<byte[]> signatures)
    {
        var expected = Mac(body, seconds, secret);
        var isSigned = false;
        foreach (var signature in signatures)
            isSigned |= CryptographicOperations.FixedTimeEquals(expected, signature);
        return isSigned;
    }

    static byte[] Mac(ReadOnlySpan<byte> body, string seconds, string secret)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes(seconds));
        hmac.AppendData("."u8);
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }

    static byte[]? Hex(string text)
    {
        var bytes = new byte[SHA256.HashSizeInBytes];
        return Convert.FromHexString(text, bytes, out var read, out var written)
            == System.Buffers.OperationStatus.Done && read == text.Length && written == bytes.Length
            ? bytes
            : null;
    }
}

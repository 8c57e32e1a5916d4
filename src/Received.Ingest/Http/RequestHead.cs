using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Received.Ingest.Validation;
using Received.Model.Access;

namespace Received.Ingest.Http;

/// <summary>All that a request says before its body, checked.</summary>
/// <param name="IdempotencyKey">The header's bytes, or empty.</param>
readonly record struct RequestHead(
    Principal Principal, BodyEncoding Encoding, bool IsLines, byte[] IdempotencyKey, bool Strict, bool Atomic,
    bool Refs)
{
    const string Scheme = "Bearer ";

    /// <summary>Null when the head is good.</summary>
    public static Problem? TryRead(HttpContext context, AccessDirectory access, bool isBatch, out RequestHead head)
    {
        head = default;
        var request = context.Request;
        if (FindPrincipal(request, access, out var principal) is { } unknown) return unknown;
        if (!(principal!.Scopes.HasFlag(Scopes.UsageWrite))) return Problem.ScopeMissing;
        if (request.Headers.TryGetValue("Version", out var version)
            && !string.Equals(version.ToString(), "V0", StringComparison.OrdinalIgnoreCase))
            return Problem.VersionUnknown;
        if (!TryFlags(request, out var strict, out var atomic, out var refs)) return Problem.QueryMalformed;
        if (!TryContentType(request.ContentType, isBatch, out var isLines)) return Problem.ContentTypeUnknown;
        if (!TryEncoding(request.Headers.ContentEncoding, out var encoding)) return Problem.EncodingUnknown;
        if (!TryKey(request.Headers["Idempotency-Key"], out var key)) return Problem.KeyHeaderMalformed;
        if (request.ContentLength is null
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return Problem.LengthRequired;
        head = new(principal, encoding, isLines, key, strict, atomic, refs);
        return null;
    }

    static Problem? FindPrincipal(HttpRequest request, AccessDirectory access, out Principal? principal)
    {
        principal = null;
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value
            || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return Problem.KeyMissing;
        var secret = value.AsSpan(Scheme.Length).Trim(' ');
        if (!secret.IsEmpty) principal = access.Current.Find(secret);
        return principal is null ? Problem.KeyUnknown : null;
    }

    static bool TryFlags(HttpRequest request, out bool strict, out bool atomic, out bool refs)
    {
        strict = atomic = refs = false;
        // Asking for the query makes an object, and nearly no request has one.
        return !request.QueryString.HasValue
            || (TryFlag(request, "strict", out strict) && TryFlag(request, "atomic", out atomic)
                && TryFlag(request, "refs", out refs));
    }

    static bool TryFlag(HttpRequest request, string name, out bool flag)
    {
        flag = false;
        return !request.Query.TryGetValue(name, out var values)
            || (values.Count == 1 && bool.TryParse(values[0], out flag));
    }

    static bool TryContentType(string? text, bool isBatch, out bool isLines)
    {
        isLines = false;
        // What nearly all clients send, without taking it apart.
        if (text == "application/json") return true;
        if (!MediaTypeHeaderValue.TryParse(text, out var type)) return false;
        if (type.Charset.HasValue
            && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            return false;
        isLines = type.MediaType.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals("application/ndjson", StringComparison.OrdinalIgnoreCase);
        return isLines ? isBatch : type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }

    static bool TryEncoding(StringValues header, out BodyEncoding encoding)
    {
        encoding = BodyEncoding.Identity;
        if (header.Count == 0) return true;
        return header.Count == 1 && BodyEncodings.TryParse(header.ToString(), out encoding);
    }

    static bool TryKey(StringValues header, out byte[] key)
    {
        key = [];
        if (header.Count == 0) return true;
        if (header.Count > 1 || string.IsNullOrEmpty(header[0])) return false;
        key = System.Text.Encoding.UTF8.GetBytes(header[0]!);
        return key.Length <= Limits.KeyBytesMax;
    }
}

using Microsoft.AspNetCore.Http;
using Received.Ingest.Batching;
using Received.Ingest.Formats;
using Received.Ingest.Validation;

namespace Received.Ingest.Http;

/// <summary>Why a whole request is refused: what an application/problem+json answer says. Codes never change.</summary>
sealed record Problem(int Status, string Code, string Detail)
{
    /// <summary>Pointer to the field (RFC 6901), where one field is to blame.</summary>
    public string? Pointer { get; init; }

    /// <summary>The event of the body, counted from 0.</summary>
    public int? Index { get; init; }

    /// <summary>The byte of the (expanded) body where it stopped making sense.</summary>
    public int? Offset { get; init; }

    /// <summary>What WWW-Authenticate says of it.</summary>
    public string? Challenge { get; init; }

    public bool IsPassing => Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable;

    public static readonly Problem KeyMissing = new(401, "key_missing",
        "Send the API key as: Authorization: Bearer <key>.")
    { Challenge = "Bearer realm=\"received\"" };

    public static readonly Problem KeyUnknown = new(401, "key_unknown", "The API key is unknown or was revoked.")
    {
        Challenge = "Bearer realm=\"received\", error=\"invalid_token\"",
    };

    public static readonly Problem ScopeMissing = new(403, "scope_missing", "The API key lacks the scope usage:write.")
    {
        Challenge = "Bearer realm=\"received\", error=\"insufficient_scope\", scope=\"usage:write\"",
    };

    public static readonly Problem VersionUnknown = new(400, "version_unknown",
        "The only version of this API is V0; leave the header Version out or send V0.");

    public static readonly Problem QueryMalformed = new(400, "query_malformed",
        "strict, atomic and refs are true or false, given once.");

    public static readonly Problem KeyHeaderMalformed = new(400, "idempotency_key_malformed",
        $"The header Idempotency-Key must stand once, with 1 to {Limits.KeyBytesMax} bytes.");

    public static readonly Problem LengthRequired = new(411, "length_required",
        "Send a body, with Content-Length or chunked.");

    public static readonly Problem ContentTypeUnknown = new(415, "content_type_unknown",
        "Content-Type must be application/json, or for batches also application/x-ndjson; any charset utf-8.");

    public static readonly Problem EncodingUnknown = new(415, "content_encoding_unknown",
        "Content-Encoding may be gzip, br, zstd or identity, one of them.");

    public static readonly Problem EncodingMalformed = new(400, "content_encoding_malformed",
        "The body cannot be expanded: it is not what Content-Encoding says, or was cut short.");

    public static readonly Problem EncodingTrailing = new(400, "content_encoding_malformed",
        "Behind the end of the compressed body stands something that is no part of it.");

    public static readonly Problem WindowTooLarge = new(413, "expansion_too_large",
        $"A zstd body may use a window of at most 2^{Limits.ZstdWindowLogMax} bytes (RFC 9659).");

    public static readonly Problem RatioTooHigh = new(413, "expansion_too_large",
        $"A compressed body may expand to {Limits.ExpansionRatioMax} times its size.");

    public static readonly Problem AccountFull = new(429, "account_busy",
        "Too much of this account's usage is on its way at once; send it again after a moment.");

    public static readonly Problem ServerFull = new(503, "server_busy",
        "Too much usage is on its way at once; send it again after a moment.");

    public static readonly Problem LogFull = new(503, "log_full",
        "The log has no room; nothing is lost that was acknowledged. Send it again under its idempotency key.");

    public static readonly Problem LogUnavailable = new(503, "log_unavailable",
        "The log cannot make it durable now. Send it again under its idempotency key: some of it may be in.");

    public static readonly Problem Closing = new(503, "closing",
        "The server is stopping; send it again after a moment.");

    public static readonly Problem Internal = new(500, "internal_error",
        "The server failed on this request; its log says why. Send it again under its idempotency key.");

    public static readonly Problem BatchEmpty = new(422, "batch_empty", "The body has no events.");

    public static Problem BodyTooLarge(int bytesMax) => new(413, "body_too_large",
        $"The body may have at most {bytesMax} bytes here, expanded where it is compressed.");

    public static Problem Request(BadHttpRequestException exception) => Request(exception.StatusCode);

    public static Problem Request(int status) => new(
        status, "request_malformed", "The request ended early, came too slowly or is no sound HTTP.");

    public static Problem Of(RejectReason reason, string pointer) =>
        new(422, RejectTable.Code(reason), RejectTable.Detail(reason)) { Pointer = pointer };

    public static Problem? Of(AdmissionOutcome outcome) => outcome switch
    {
        AdmissionOutcome.Admitted => null,
        AdmissionOutcome.AccountFull => AccountFull,
        AdmissionOutcome.ServerFull => ServerFull,
    };

    public static Problem? Of(AppendOutcome outcome) => outcome switch
    {
        AppendOutcome.Durable => null,
        AppendOutcome.DiskFull => LogFull,
        AppendOutcome.Failing => LogUnavailable,
        AppendOutcome.Closing => Closing,
        AppendOutcome.Busy => ServerFull,
    };

    public static Problem? Of(ScanResult result, int eventsMax) => result.Fault switch
    {
        BodyFault.None => null,
        BodyFault.Empty => new(400, "body_empty", "The body holds nothing."),
        BodyFault.InvalidUtf8 => new(400, "invalid_utf8", "The body is not valid UTF-8."),
        BodyFault.Malformed => new(400, "malformed_json", "The body is not valid JSON.")
        {
            Index = result.Index,
            Offset = result.Offset,
        },
        BodyFault.TooDeep => new(400, "malformed_json", $"The body is nested deeper than {Limits.BodyDepthMax} levels.")
        {
            Index = result.Index,
            Offset = result.Offset,
        },
        BodyFault.TooManyEvents => new(413, "too_many_events", $"A body may have at most {eventsMax} events."),
    };
}

using System.IO.Compression;
using Received.Ingest.Validation;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Received.Ingest.Http;

/// <summary>How a body was packed for the way.</summary>
enum BodyEncoding : byte
{
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

/// <summary>The one table of encodings: their names, what expands them, and what is wrong where that fails.</summary>
static class BodyEncodings
{
    public const string Offered = "gzip, br, zstd, identity";

    /// <summary>False for a name that is none of them (RFC 9110 section 8.4.1, RFC 7932, RFC 8878).</summary>
    public static bool TryParse(string name, out BodyEncoding encoding)
    {
        BodyEncoding? known = name.Trim().ToUpperInvariant() switch
        {
            "IDENTITY" => BodyEncoding.Identity,
            "GZIP" or "X-GZIP" => BodyEncoding.Gzip,
            "BR" => BodyEncoding.Brotli,
            "ZSTD" => BodyEncoding.Zstd,
            _ => null,
        };
        encoding = known ?? BodyEncoding.Identity;
        return known is not null;
    }

    public static Stream Expand(BodyEncoding encoding, Stream packed) => encoding switch
    {
        BodyEncoding.Identity => packed,
        BodyEncoding.Gzip => new GZipStream(packed, CompressionMode.Decompress),
        BodyEncoding.Brotli => new BrotliStream(packed, CompressionMode.Decompress),
        BodyEncoding.Zstd => Zstd(packed),
    };

    static DecompressionStream Zstd(Stream packed)
    {
        var stream = new DecompressionStream(packed);
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, Limits.ZstdWindowLogMax);
        return stream;
    }

    /// <summary>What an expander's exception says of the body; null where it says nothing.</summary>
    public static Problem? ProblemOf(Exception exception) => exception switch
    {
        ZstdException { Code: ZSTD_ErrorCode.ZSTD_error_frameParameter_windowTooLarge } => Problem.WindowTooLarge,
        ZstdException or InvalidDataException or InvalidOperationException or EndOfStreamException =>
            Problem.EncodingMalformed,
        _ => null,
    };
}

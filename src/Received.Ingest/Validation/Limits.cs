using Received.Log;

namespace Received.Ingest.Validation;

/// <summary>
/// Bounds of what the front door takes, each with its reason. Those that an operator may change are
/// <see cref="IngestOptions"/>; these are part of the contract with clients or of the frame format.
/// </summary>
static class Limits
{
    /// <summary>A UUID has 36 bytes, a URN or a path of ids fits three times over. Documented in the API.</summary>
    public const int RefBytesMax = 128;

    /// <summary>Names are for people: two lines of text, in scripts of four bytes a letter still 64 letters.</summary>
    public const int NameBytesMax = 256;

    /// <summary>What Stripe and most others take (255 characters); a UUID has 36.</summary>
    public const int KeyBytesMax = 255;

    /// <summary>
    /// Notes and a few dozen properties; a frame still holds at least 47 such events before it is sealed.
    /// </summary>
    public const int DataBytesMax = 16 * 1024;

    /// <summary>
    /// One event as text. All typed fields escaped as \uXXXX (6 bytes a byte) and full data stay below.
    /// </summary>
    public const int EventBytesMax = 64 * 1024;

    /// <summary>
    /// Levels of objects and arrays in an event, itself included. System.Text.Json reads 64 by default.
    /// </summary>
    public const int EventDepthMax = 32;

    /// <summary>Past this the body is refused, not only the event: the scanner's stack is 128 bytes of bits.</summary>
    public const int BodyDepthMax = 1024;

    /// <summary>Fields of an event or of its validations: duplicates are found by comparing each with each.</summary>
    public const int FieldsMax = 64;

    /// <summary>Longer timestamps are no timestamps; RFC 3339 with nanoseconds and an offset has 35.</summary>
    public const int TimestampBytesMax = 64;

    /// <summary>Plain decimals of 15 + 12 digits have 29; zeros and an exponent are allowed, novels are not.</summary>
    public const int QuantityBytesMax = 128;

    /// <summary>Errors spelt out in an answer; the rest is counted. About 200 KiB of answer at most.</summary>
    public const int ErrorsListedMax = 1000;

    /// <summary>
    /// What an expanded body may reach before its ratio counts: small bodies of one line repeated are fine.
    /// </summary>
    public const int RatioFreeBytes = 1024 * 1024;

    /// <summary>JSON of usage gives 5 to 30; deflate's bombs give up to 1032, brotli's far more.</summary>
    public const int ExpansionRatioMax = 200;

    /// <summary>
    /// 8 MiB: what RFC 9659 has every encoder of zstd for HTTP keep within. An address range only: of a window, memory
    /// is taken as it fills, which is not before as much has come out and been reserved.
    /// </summary>
    public const int ZstdWindowLogMax = 23;

    /// <summary>More events than this in a pooled request's arrays are given back to the collector.</summary>
    public const int PooledEventsMax = 8192;

    /// <summary>The same for unescaped text, which a hostile body can make as long as itself.</summary>
    public const int PooledArenaBytesMax = 1024 * 1024;

    /// <summary>The same for keys and data of a body's events: ten thousand of them with 200 bytes each.</summary>
    public const int PooledShareBytesMax = 2 * 1024 * 1024;

    /// <summary>Frames that a partition keeps for reuse besides those on their way; a backlog's others are let
    /// go.</summary>
    public const int IdleFramesMax = 2;

    /// <summary>
    /// What the fixed columns of an event can take in a frame (three indices, two times, quantity, two lengths),
    /// rounded up; and what an entry of a table takes besides its text.
    /// </summary>
    public const int EventOverheadBytes = 64;
    public const int TableEntryOverheadBytes = 24;

    /// <summary>The most that one event can add to a frame: own entries in all tables, longest everything.</summary>
    public const int EventFrameBytesMax = EventOverheadBytes + (3 * TableEntryOverheadBytes)
        + (3 * RefBytesMax) + (2 * NameBytesMax) + 3
        + 1 + KeyBytesMax + Model.KeyKind.BatchSuffixBytes + DataBytesMax;

    /// <summary>Frames have tables' heads and counts besides the events.</summary>
    public const int FrameOverheadBytes = 4096;

    /// <summary>
    /// A frame is sealed once it is past the seal: with the largest event behind that it must still fit.
    /// </summary>
    /// <exception cref="InvalidOperationException">The numbers above and the frame's do not go together.</exception>
    public static void Check()
    {
        if (FrameLimits.RawBytesSeal + EventFrameBytesMax + FrameOverheadBytes > FrameLimits.RawBytesMax)
            throw new InvalidOperationException("The largest event does not fit behind a frame's seal.");
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>What a request gives to all its events.</summary>
/// <param name="HeaderKey">The Idempotency-Key header as UTF-8, or empty.</param>
/// <param name="HeaderKind">
/// What that header is: of a single event <see cref="KeyKind.Own"/>, else <see cref="KeyKind.Batch"/>.
/// </param>
readonly record struct AppendContext(AccountId Account, byte[] HeaderKey, byte HeaderKind);

/// <summary>
/// Stored identities (law 2): see <see cref="KeyKind"/>. A key in the event's own body wins over the header.
/// </summary>
static class EventIdentity
{
    public const int BytesMax = 1 + Limits.KeyBytesMax + KeyKind.BatchSuffixBytes;

    const int HashBytes = 16;

    /// <summary>
    /// Of an event that has a key of its own or of its request. Under a batch key: hash of the event's bytes, and how
    /// many equal ones came before it in the body, so it is to be called once an event, in the body's order. What
    /// equals a refused event is refused as well, so those need not be counted.
    /// </summary>
    /// <returns>Bytes written.</returns>
    public static int Write(
        Span<byte> target, in AppendContext context, ParsedEvents events, ReadOnlySpan<byte> body, in ParsedEvent e)
    {
        var isCounted = context.HeaderKind == KeyKind.Batch && context.HeaderKey.Length > 0;
        var (hash, equalBefore) = isCounted
            ? Count(events, body.Slice(e.Raw.Start, e.Raw.Length))
            : default;
        if (!e.Key.IsEmpty) return Start(target, KeyKind.Own, events.Text(body, e.Key));
        var length = Start(target, context.HeaderKind, context.HeaderKey);
        if (!isCounted) return length;
        BinaryPrimitives.WriteUInt128BigEndian(target[length..], hash);
        BinaryPrimitives.WriteInt32BigEndian(target[(length + HashBytes)..], equalBefore);
        return length + KeyKind.BatchSuffixBytes;
    }

    static (UInt128 Hash, int EqualBefore) Count(ParsedEvents events, ReadOnlySpan<byte> raw)
    {
        var hash = XxHash128.HashToUInt128(raw);
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(events.RawCounts, hash, out _);
        return (hash, count++);
    }

    static int Start(Span<byte> target, byte kind, ReadOnlySpan<byte> key)
    {
        target[0] = kind;
        key.CopyTo(target[1..]);
        return 1 + key.Length;
    }
}

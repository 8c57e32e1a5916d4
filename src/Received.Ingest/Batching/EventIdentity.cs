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
readonly record struct AppendContext(AccountId Account, long ReceivedAtMs, byte[] HeaderKey, byte HeaderKind);

/// <summary>
/// Stored identities (law 2): see <see cref="KeyKind"/>. A key in the event's own body wins over the header.
/// </summary>
static class EventIdentity
{
    public const int BytesMax = 1 + Limits.KeyBytesMax + KeyKind.BatchSuffixBytes;

    const int HashBytes = 16;

    /// <returns>Bytes written; 0 for an event without a key.</returns>
    public static int Write(
        Span<byte> target, in AppendContext context, ReadOnlySpan<byte> ownKey, ParsedEvents events, int index)
    {
        if (ownKey.Length > 0) return Start(target, KeyKind.Own, ownKey);
        if (context.HeaderKey.Length == 0) return 0;
        var length = Start(target, context.HeaderKind, context.HeaderKey);
        if (context.HeaderKind != KeyKind.Batch) return length;
        var (hash, equalBefore) = events.RawHashes[index];
        BinaryPrimitives.WriteUInt128BigEndian(target[length..], hash);
        BinaryPrimitives.WriteInt32BigEndian(target[(length + HashBytes)..], equalBefore);
        return length + KeyKind.BatchSuffixBytes;
    }

    static int Start(Span<byte> target, byte kind, ReadOnlySpan<byte> key)
    {
        target[0] = kind;
        key.CopyTo(target[1..]);
        return 1 + key.Length;
    }

    /// <summary>Hash of each event's bytes, and how many equal ones came before it in the body.</summary>
    public static void CountEqualEvents(ParsedEvents events, ReadOnlySpan<byte> body)
    {
        for (var i = 0; i < events.Count; i++)
        {
            var raw = events[i].Raw;
            var hash = XxHash128.HashToUInt128(body.Slice(raw.Start, raw.Length));
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(events.RawCounts, hash, out _);
            events.RawHashes.Add((hash, count++));
        }
    }
}

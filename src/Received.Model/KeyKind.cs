namespace Received.Model;

/// <summary>
/// The first byte of a stored identity, so that identities of different making can never be equal.
/// Stored in frames: never renumber.
/// </summary>
public static class KeyKind
{
    /// <summary>The client's own <c>idempotency_key</c>, from the body, or the header of a single event.</summary>
    public const byte Own = 1;

    /// <summary>
    /// From a batch's <c>Idempotency-Key</c>: key, 16 bytes hash of the event's bytes, 4 bytes big-endian count of
    /// equal events before it in the body.
    /// </summary>
    public const byte Batch = 2;

    /// <summary>The client's part of a stored identity, for showing; for <see cref="Batch"/> without hash and
    /// count.</summary>
    public static ReadOnlySpan<byte> ClientPart(ReadOnlySpan<byte> stored) => stored switch
    {
        [] => [],
        [Batch, .. var rest] when rest.Length >= BatchSuffixBytes => rest[..^BatchSuffixBytes],
        [_, .. var rest] => rest,
    };

    public const int BatchSuffixBytes = 20;
}

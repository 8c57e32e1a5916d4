using System.Security.Cryptography;
using System.Text;

namespace Received.Model.Access;

/// <summary>What the front door must know about an account.</summary>
public sealed record Account(AccountId Id, string Name, bool AllowsNegativeQuantity);

/// <summary>Who a request is from, after its key has been checked.</summary>
public sealed record Principal(Account Account, string KeyId, Scopes Scopes);

/// <summary>SHA-256 of an API key's text: keys are random with 256 bits, so no salt or slow hash is needed.</summary>
public readonly record struct KeyHash(UInt128 High, UInt128 Low)
{
    const int SecretBytesMax = 256;

    /// <summary>Over-long or non-ASCII keys hash as the empty text, which is nobody's.</summary>
    public static KeyHash Of(ReadOnlySpan<char> secret)
    {
        Span<byte> utf8 = stackalloc byte[SecretBytesMax];
        if (!Encoding.UTF8.TryGetBytes(secret, utf8, out var length)) length = 0;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..length], hash);
        return Read(hash);
    }

    public static KeyHash Read(ReadOnlySpan<byte> sha256) => new(
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(sha256),
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(sha256[16..]));
}

/// <summary>All accounts and live keys at one moment; immutable, replaced whole when something changes.</summary>
public sealed class AccessSnapshot(IReadOnlyDictionary<KeyHash, Principal> keys)
{
    public static readonly AccessSnapshot Empty = new(new Dictionary<KeyHash, Principal>());

    /// <summary>Null for a key that is unknown or revoked.</summary>
    public Principal? Find(ReadOnlySpan<char> secret) => keys.GetValueOrDefault(KeyHash.Of(secret));
}

/// <summary>The current <see cref="AccessSnapshot"/>: one writer, many readers.</summary>
public sealed class AccessDirectory
{
    volatile AccessSnapshot _current = AccessSnapshot.Empty;

    public AccessSnapshot Current => _current;

    public void Publish(AccessSnapshot snapshot) => _current = snapshot;
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Received.Model.Catalog;

/// <summary>A contract line as the door needs it: what it would bill in, in a half-open time.</summary>
/// <param name="Currency">ISO 4217 code.</param>
public sealed record CatalogLine(
    AccountId Account, string CustomerRef, string ProductRef, long StartMs, long EndMs, string Currency,
    string EntityRef);

/// <summary>What the catalog says of an event's assertion.</summary>
public enum AssertionFit
{
    /// <summary>A line agrees, or there is none yet: a contract made later bills it.</summary>
    Fits,

    /// <summary>Every line that applies has another currency.</summary>
    WrongCurrency,

    /// <summary>Every line that applies is of another entity.</summary>
    WrongEntity,

    /// <summary>There are lines with this currency and lines of this entity, but none with both.</summary>
    WrongTogether,
}

/// <summary>
/// All contract lines at one moment; immutable, replaced whole when a contract changes. Looked up by the bytes of an
/// event's references, without allocating; what one account has is never seen from another (law 12).
/// </summary>
public sealed class CatalogSnapshot
{
    public static readonly CatalogSnapshot Empty = new([]);

    const int RefBytesMax = 128;
    const int HeadBytes = sizeof(uint) + sizeof(byte);
    const int KeyBytesMax = HeadBytes + (2 * RefBytesMax);

    readonly Dictionary<byte[], Stretch[]> _lines;
    readonly Dictionary<byte[], Stretch[]>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;

    public CatalogSnapshot(IEnumerable<CatalogLine> lines)
    {
        _lines = lines.GroupBy(line => KeyOf(line), new BytesComparer()).ToDictionary(
            group => group.Key, group => group.Select(Stretch.Of).ToArray(), new BytesComparer());
        _byBytes = _lines.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Customers' products that have a line.</summary>
    public int Count => _lines.Count;

    /// <param name="timestampMs">Event time.</param>
    /// <param name="currency">Asserted code as UTF-8, or empty; <paramref name="entityRef"/> likewise.</param>
    public AssertionFit Check(
        AccountId account, ReadOnlySpan<byte> customerRef, ReadOnlySpan<byte> productRef, long timestampMs,
        ReadOnlySpan<byte> currency, ReadOnlySpan<byte> entityRef)
    {
        if (_lines.Count == 0 || customerRef.Length > RefBytesMax || productRef.Length > RefBytesMax)
            return AssertionFit.Fits;
        Span<byte> key = stackalloc byte[KeyBytesMax];
        if (!_byBytes.TryGetValue(key[..WriteKey(key, account, customerRef, productRef)], out var spans))
            return AssertionFit.Fits;
        bool any = false, hasCurrency = false, hasEntity = false;
        foreach (var span in spans)
        {
            if (timestampMs < span.StartMs || timestampMs >= span.EndMs) continue;
            any = true;
            var sameCurrency = currency.IsEmpty || currency.SequenceEqual(span.Currency);
            var sameEntity = entityRef.IsEmpty || entityRef.SequenceEqual(span.EntityRef);
            if (sameCurrency && sameEntity) return AssertionFit.Fits;
            hasCurrency |= sameCurrency;
            hasEntity |= sameEntity;
        }

        return !any ? AssertionFit.Fits
            : !hasCurrency ? AssertionFit.WrongCurrency
            : !hasEntity ? AssertionFit.WrongEntity
            : AssertionFit.WrongTogether;
    }

    static byte[] KeyOf(CatalogLine line)
    {
        Span<byte> key = stackalloc byte[KeyBytesMax];
        return key[..WriteKey(
            key, line.Account, Encoding.UTF8.GetBytes(line.CustomerRef), Encoding.UTF8.GetBytes(line.ProductRef))]
            .ToArray();
    }

    /// <summary>The customer's length stands before it, so that no two pairs of references make one key.</summary>
    static int WriteKey(
        Span<byte> key, AccountId account, ReadOnlySpan<byte> customerRef, ReadOnlySpan<byte> productRef)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(key, account.Value);
        key[sizeof(uint)] = (byte)customerRef.Length;
        customerRef.CopyTo(key[HeadBytes..]);
        productRef.CopyTo(key[(HeadBytes + customerRef.Length)..]);
        return HeadBytes + customerRef.Length + productRef.Length;
    }

    sealed record Stretch(long StartMs, long EndMs, byte[] Currency, byte[] EntityRef)
    {
        public static Stretch Of(CatalogLine line) => new(
            line.StartMs, line.EndMs, Encoding.UTF8.GetBytes(line.Currency), Encoding.UTF8.GetBytes(line.EntityRef));
    }

    /// <summary>Hashes are seeded by the process, so that nobody can choose references that collide.</summary>
    sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}

/// <summary>The current <see cref="CatalogSnapshot"/>: one writer, many readers.</summary>
public sealed class CatalogDirectory
{
    volatile CatalogSnapshot _current = CatalogSnapshot.Empty;

    public CatalogSnapshot Current => _current;

    public void Publish(CatalogSnapshot snapshot) => _current = snapshot;
}

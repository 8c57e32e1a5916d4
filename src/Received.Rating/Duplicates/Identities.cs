using System.Buffers.Binary;
using System.IO.Hashing;
using Received.Model;

namespace Received.Rating;

/// <summary>
/// All hashes that rating stores. Stored: another byte, seed or order here would make every key and series unknown.
/// Every field that can vary in length has its length before it (4 bytes, little-endian), so that no two different
/// lists of fields give the same bytes.
/// </summary>
public static class Identities
{
    // Longer than nearly all events' fields; grows to the longest and stays with the thread: no allocation per event.
    const int ScratchBytes = 4096;

    [ThreadStatic]
    static byte[]? _scratch;

    /// <summary>What an event's client means by "the same event" (law 2).</summary>
    /// <param name="seed"><see cref="LogIdentity.HashSeed"/>.</param>
    /// <param name="storedKey">As in <see cref="EventColumns.Keys"/>, kind byte included.</param>
    public static UInt128 Identity(
        long seed, AccountId account, ReadOnlySpan<byte> customerRef, ReadOnlySpan<byte> storedKey)
    {
        var bytes = Scratch(sizeof(uint) + sizeof(int) + customerRef.Length + storedKey.Length);
        var at = PutNumber(bytes, 0, account.Value);
        at = Put(bytes, at, customerRef);
        // Last, so it ends where the bytes end: it needs no length.
        storedKey.CopyTo(bytes[at..]);
        return XxHash128.HashToUInt128(bytes, seed);
    }

    /// <summary>A customer, product and assertion of an account: what totals are kept by.</summary>
    public static UInt128 Series(
        long seed, AccountId account, ReadOnlySpan<byte> customerRef, ReadOnlySpan<byte> productRef,
        ReadOnlySpan<byte> currency, ReadOnlySpan<byte> entityRef)
    {
        var bytes = Scratch((5 * sizeof(uint))
            + customerRef.Length + productRef.Length + currency.Length + entityRef.Length);
        var at = PutNumber(bytes, 0, account.Value);
        at = Put(bytes, at, customerRef);
        at = Put(bytes, at, productRef);
        at = Put(bytes, at, currency);
        Put(bytes, at, entityRef);
        return XxHash128.HashToUInt128(bytes, seed);
    }

    /// <summary>
    /// What makes two events of one identity the same event: the typed fields, and additional_report_data byte for
    /// byte. When the front door read it is no part of it.
    /// </summary>
    public static ulong EventHash(EventColumns events, int index)
    {
        var customer = events.Customer[index];
        var product = events.Product[index];
        var assertion = events.Assertion[index];
        var productRef = events.Products.Ref(product);
        var currency = events.Assertions.Name(assertion);
        var entityRef = events.Assertions.Ref(assertion);
        var customerName = events.Customers.Name(customer);
        var productName = events.Products.Name(product);
        var data = events.Data[index];
        var bytes = Scratch(sizeof(long) + 16 + (5 * sizeof(int)) + productRef.Length + currency.Length
            + entityRef.Length + customerName.Length + productName.Length + data.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, events.TimestampMs[index]);
        BinaryPrimitives.WriteInt128LittleEndian(bytes[8..], events.Quantity[index]);
        var at = Put(bytes, 24, productRef);
        at = Put(bytes, at, currency);
        at = Put(bytes, at, entityRef);
        at = Put(bytes, at, customerName);
        at = Put(bytes, at, productName);
        data.CopyTo(bytes[at..]);
        return XxHash3.HashToUInt64(bytes);
    }

    static Span<byte> Scratch(int length)
    {
        if (_scratch is null || _scratch.Length < length) _scratch = new byte[Math.Max(length, ScratchBytes)];
        return _scratch.AsSpan(0, length);
    }

    static int PutNumber(Span<byte> bytes, int at, uint number)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], number);
        return at + sizeof(uint);
    }

    static int Put(Span<byte> bytes, int at, ReadOnlySpan<byte> field)
    {
        at = PutNumber(bytes, at, (uint)field.Length);
        field.CopyTo(bytes[at..]);
        return at + field.Length;
    }
}

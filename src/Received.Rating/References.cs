using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Rating;

/// <summary>
/// Small numbers for the references of a partition, from 0 without gaps: a frame's table entries are hashed once each,
/// and all that is kept by customer, product or assertion is an array. In memory only.
/// </summary>
sealed class References(long seed)
{
    public const byte Customer = 0;
    public const byte Product = 1;
    public const byte Assertion = 2;

    const int StackBytes = 512;

    readonly Dictionary<UInt128, int> _numbers = [];
    int[] _customers = [];
    int[] _products = [];
    int[] _assertions = [];

    public int Count => _numbers.Count;

    /// <summary>By table entry of the frame at hand.</summary>
    public ReadOnlySpan<int> Customers => _customers;

    public ReadOnlySpan<int> Products => _products;

    public ReadOnlySpan<int> Assertions => _assertions;

    /// <summary>Numbers the entries of the frame's tables.</summary>
    public void Number(EventColumns events)
    {
        Number(Customer, events.Customers, ref _customers);
        Number(Product, events.Products, ref _products);
        Number(Assertion, events.Assertions, ref _assertions);
    }

    public void Clear() => _numbers.Clear();

    void Number(byte kind, NamedTable table, ref int[] numbers)
    {
        if (numbers.Length < table.Count) numbers = new int[table.Count];
        for (var entry = 0; entry < table.Count; entry++)
        {
            // Of an assertion the currency counts too; the name of the others is no part of what they are.
            var id = Id(kind, table.Account(entry), table.Ref(entry), kind == Assertion ? table.Name(entry) : []);
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, id, out var exists);
            if (!exists) number = _numbers.Count - 1;
            numbers[entry] = number;
        }
    }

    /// <summary>Seeded, so that nobody who chooses references can aim at a collision.</summary>
    UInt128 Id(byte kind, AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> more)
    {
        const int Head = 1 + sizeof(uint) + sizeof(int);
        var length = Head + reference.Length + more.Length;
        var bytes = length <= StackBytes ? stackalloc byte[StackBytes] : new byte[length];
        bytes[0] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[1..], account.Value);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[5..], reference.Length);
        reference.CopyTo(bytes[Head..]);
        more.CopyTo(bytes[(Head + reference.Length)..]);
        return XxHash128.HashToUInt128(bytes[..length], seed);
    }
}

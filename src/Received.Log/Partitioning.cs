using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Received.Model;

namespace Received.Log;

/// <summary>
/// The partition of (account, customer_ref): XxHash3 (64 bits) of the account's 4 bytes, little-endian, and the
/// reference's bytes, modulo the partition count. Part of the stored contract: a change would move customers.
/// </summary>
public static class Partitioning
{
    const int StackBytes = 256;

    // Clearing the memory on the stack would cost more than the hash.
    [SkipLocalsInit]
    public static PartitionId Of(AccountId account, ReadOnlySpan<byte> customerRef, int partitionCount)
    {
        var length = sizeof(uint) + customerRef.Length;
        var bytes = length <= StackBytes ? stackalloc byte[StackBytes] : new byte[length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, account.Value);
        customerRef.CopyTo(bytes[sizeof(uint)..]);
        return new((ushort)(XxHash3.HashToUInt64(bytes[..length]) % (ulong)partitionCount));
    }
}

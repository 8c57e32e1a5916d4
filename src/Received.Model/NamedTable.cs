using System.Numerics;
using System.Text.Unicode;

namespace Received.Model;

/// <summary>
/// A small table of (account, reference, name), each distinct triple once, in order of first appearance. References
/// and names are UTF-8 bytes, equal when their bytes are.
/// </summary>
public sealed class NamedTable
{
    const uint RecentMax = 256;

    readonly ByteColumn _refs = new();
    readonly ByteColumn _names = new();
    uint[] _accounts = [];
    int[] _hashes = [];
    int[] _buckets = [];
    bool _indexed = true;
    bool _interned;
    readonly int[] _recent = new int[RecentMax];

    public int Count => _refs.Count;

    public int ByteCount => _refs.ByteCount + _names.ByteCount;

    public ByteColumn Refs => _refs;

    public ByteColumn Names => _names;

    public AccountId Account(int index) => new(_accounts.AsSpan(0, Count)[index]);

    public ReadOnlySpan<byte> Ref(int index) => _refs[index];

    public ReadOnlySpan<byte> Name(int index) => _names[index];

    public void Clear()
    {
        _refs.Clear();
        _names.Clear();
        Array.Clear(_buckets);
        if (_interned) Array.Clear(_recent);
        _interned = false;
        _indexed = true;
    }

    /// <summary>The index of the triple, added when it is new.</summary>
    public int Intern(AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name)
    {
        // Met not long ago, as most are: found without hashing all of it. Collisions, aimed at or not, go the long way.
        ref var recent = ref _recent[SeededHash.Glance(reference) % RecentMax];
        if (recent > 0 && Is(recent - 1, account, reference, name)) return recent - 1;
        var index = FindOrAppend(account, reference, name, Hash(account, reference, name));
        recent = index + 1;
        _interned = true;
        return index;
    }

    /// <summary>
    /// As if by the triple of another table, which has its hash already; that table was filled by interning.
    /// </summary>
    public int InternFrom(NamedTable other, int entry) =>
        FindOrAppend(other.Account(entry), other.Ref(entry), other.Name(entry), other._hashes[entry]);

    int FindOrAppend(AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name, int hash)
    {
        Reserve();
        var buckets = _buckets;
        for (var slot = hash & (buckets.Length - 1); ; slot = (slot + 1) & (buckets.Length - 1))
        {
            var index = buckets[slot] - 1;
            if (index < 0) return Append(account, reference, name, hash);
            if (_hashes[index] == hash && Is(index, account, reference, name)) return index;
        }
    }

    bool Is(int index, AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name) =>
        _accounts[index] == account.Value && Ref(index).SequenceEqual(reference) && Name(index).SequenceEqual(name);

    /// <summary>Appends without looking whether the triple is there already: for decoders.</summary>
    public int Add(AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name)
    {
        Reserve();
        return Append(account, reference, name, Hash(account, reference, name));
    }

    /// <summary>
    /// For decoders, after <see cref="Refs"/> and <see cref="Names"/> were filled: takes the accounts and makes the
    /// entries findable. False where a reference or name is no UTF-8.
    /// </summary>
    public bool TryAdopt(ReadOnlySpan<uint> accounts)
    {
        if (_names.Count != Count || accounts.Length != Count) return false;
        if (!AreUtf8(_refs) || !AreUtf8(_names)) return false;
        if (accounts.Length > _accounts.Length)
        {
            Array.Resize(ref _accounts, accounts.Length);
            Array.Resize(ref _hashes, accounts.Length);
        }

        accounts.CopyTo(_accounts);
        // Finding is only needed to intern, and a decoded table is read by index: made when it is first needed.
        _indexed = false;
        return true;
    }

    /// <summary>All at once: they are if their bytes one behind the other are, and none begins within a
    /// character.</summary>
    static bool AreUtf8(ByteColumn entries)
    {
        var bytes = entries.Bytes;
        if (!Utf8.IsValid(bytes)) return false;
        foreach (var end in entries.Ends)
            if (end < bytes.Length && (bytes[end] & 0b1100_0000) == 0b1000_0000) return false;
        return true;
    }

    int Append(AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name, int hash)
    {
        var index = Count;
        if (index >= _accounts.Length)
        {
            Array.Resize(ref _accounts, Math.Max(16, index * 2));
            Array.Resize(ref _hashes, _accounts.Length);
        }

        _accounts[index] = account.Value;
        _hashes[index] = hash;
        _refs.Add(reference);
        _names.Add(name);
        Place(index);
        return index;
    }

    void Place(int index)
    {
        var slot = _hashes[index] & (_buckets.Length - 1);
        while (_buckets[slot] != 0) slot = (slot + 1) & (_buckets.Length - 1);
        _buckets[slot] = index + 1;
    }

    void Reserve()
    {
        if (_indexed && (Count + 1) * 2 <= _buckets.Length) return;
        for (var i = 0; i < Count && !_indexed; i++) _hashes[i] = Hash(Account(i), Ref(i), Name(i));
        _indexed = true;
        _buckets = new int[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, (Count + 1) * 4))];
        for (var i = 0; i < Count; i++) Place(i);
    }

    // Only the place in the table depends on it, never the order of entries: a hash that differs by process is fine,
    // and keeps clients from choosing references that collide.
    static int Hash(AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name)
    {
        var hash = SeededHash.Of(name, SeededHash.Of(reference, account.Value));
        return (int)(hash >> 33);
    }
}

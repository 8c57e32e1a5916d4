using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Numbers for the references and names of archived events, so that an event is a row of integers. Used in the
/// archive's lane alone. Invariant: what <see cref="Intern"/> gave out is in the table when the transaction commits;
/// after one that did not, <see cref="Forget"/>.
/// </summary>
sealed class ArchiveNames(long hashSeed)
{
    public const byte Customer = 0;
    public const byte Product = 1;
    public const byte Assertion = 2;

    /// <summary>Cached numbers: 32 bytes each, so 16 MB; past it the cache starts anew and the table is
    /// asked.</summary>
    const int CachedMax = 500_000;

    readonly Dictionary<UInt128, int> _numbers = [];
    readonly Dictionary<UInt128, (byte Kind, int Entry)> _missing = [];

    /// <summary>What is missing: a frame's own tables are gone with the next frame.</summary>
    readonly NamedTable _met = new();
    readonly XxHash128 _hash = new(hashSeed);
    readonly byte[] _head = new byte[16];

    /// <summary>Begins a transaction: nothing is met yet.</summary>
    public void Begin()
    {
        if (_numbers.Count > CachedMax) _numbers.Clear();
        _missing.Clear();
        _met.Clear();
    }

    /// <summary>Notes the entries of a frame's tables for <see cref="Intern"/>.</summary>
    public void Meet(EventColumns events)
    {
        Meet(Customer, events.Customers);
        Meet(Product, events.Products);
        Meet(Assertion, events.Assertions);
    }

    /// <summary>Makes all that was met known; <see cref="NumberOf"/> then answers for it.</summary>
    public void Intern(DuckDbSession session)
    {
        if (_missing.Count == 0) return;
        FindStored(session);
        if (_missing.Count > 0) Add(session);
    }

    public int NumberOf(byte kind, NamedTable table, int index) => _numbers[Hash(kind, table, index)];

    public void Forget() => _numbers.Clear();

    void Meet(byte kind, NamedTable table)
    {
        for (var i = 0; i < table.Count; i++)
        {
            var id = Hash(kind, table, i);
            if (!_numbers.ContainsKey(id) && _missing.TryAdd(id, (kind, _met.Count)))
                _met.Add(table.Account(i), table.Ref(i), table.Name(i));
        }
    }

    void FindStored(DuckDbSession session)
    {
        using (var appender = session.Stage("stage_ids", "id UHUGEINT"))
        {
            foreach (var id in _missing.Keys)
            {
                appender.Set(0, id);
                appender.EndRow();
            }

            appender.Finish();
        }

        using var rows = session.Query("SELECT id, num FROM archive.names WHERE id IN (SELECT id FROM stage_ids)");
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var id = rows.Column<UInt128>(0)[i];
                _numbers[id] = rows.Column<int>(1)[i];
                _missing.Remove(id);
            }
        }
    }

    void Add(DuckDbSession session)
    {
        var next = NextNumber(session);
        using var appender = session.Append("names", Schema.Archive);
        foreach (var (id, (kind, entry)) in _missing)
        {
            appender.Set(0, next);
            appender.Set(1, id);
            appender.Set(2, kind);
            appender.Set(3, _met.Account(entry).Value);
            appender.SetBytes(4, _met.Ref(entry));
            appender.SetBytes(5, _met.Name(entry));
            appender.EndRow();
            _numbers[id] = next++;
        }

        appender.Finish();
    }

    static int NextNumber(DuckDbSession session)
    {
        using var rows = session.Query("SELECT coalesce(max(num), -1) + 1 FROM archive.names");
        rows.Next();
        return rows.Column<int>(0)[0];
    }

    UInt128 Hash(byte kind, NamedTable table, int index)
    {
        var reference = table.Ref(index);
        _head[0] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(_head.AsSpan(4), table.Account(index).Value);
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        BinaryPrimitives.WriteInt32LittleEndian(_head.AsSpan(8), reference.Length);
        _hash.Append(_head);
        _hash.Append(reference);
        _hash.Append(table.Name(index));
        UInt128 id = default;
        _hash.GetHashAndReset(MemoryMarshal.AsBytes(new Span<UInt128>(ref id)));
        return id;
    }
}

using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using Received.Model;
using Received.Usage;
using Received.Usage.Runs;

namespace Received.Bench.Micro;

/// <summary>
/// A thousand look-ups among a million stored keys, half of them known; the ordinary way is a table with a primary
/// key.
/// </summary>
[MemoryDiagnoser]
#pragma warning disable CA1001 // BenchmarkDotNet calls CleanUpAsync.
public class RunsBench
#pragma warning restore CA1001
{
    const int Batches = 100;
    const int BatchKeys = 10_000;
    const int Asked = 1000;
    const long LogTimeMs = 1_707_123_332_160;

    static readonly PartitionId Partition = new(0);

    readonly UInt128[] _asked = new UInt128[Asked];
    readonly KeyEntry[] _found = new KeyEntry[Asked];
    string _folder = "";
    RunKeyIndex _index = null!;
    SqliteConnection _table = null!;
    SqliteCommand _select = null!;

    [GlobalSetup]
    public async Task PrepareAsync()
    {
        _folder = Directory.CreateTempSubdirectory("received-runs-").FullName;
        _index = RunKeyIndex.Open(Path.Combine(_folder, "keys"));
        _table = new($"Data Source={Path.Combine(_folder, "keys.db")}");
        _table.Open();
        Execute("CREATE TABLE key (identity BLOB PRIMARY KEY, position INTEGER) WITHOUT ROWID; BEGIN");
        var random = new Random(1);
        for (var batch = 0; batch < Batches; batch++)
        {
            var keys = Enumerable.Range(0, BatchKeys)
                .Select(i => new KeyEntry(Identity(random), 1, 1, batch, i, LogTimeMs)).ToArray();
            await _index.AddAsync([new(Partition, keys)]);
            Insert(keys);
            for (var i = 0; i < Asked / 2 / Batches; i++) _asked[(batch * Asked / 2 / Batches) + i] = keys[i].Identity;
        }

        Execute("COMMIT");
        for (var i = Asked / 2; i < Asked; i++) _asked[i] = Identity(random);
        _select = _table.CreateCommand();
        _select.CommandText = "SELECT position FROM key WHERE identity = $identity";
        _select.Parameters.Add("$identity", SqliteType.Blob);
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await _select.DisposeAsync();
        await _table.DisposeAsync();
        await _index.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Asked)]
    public async Task<long> Runs()
    {
        await _index.FindAsync(Partition, _asked, 0, _found);
        return _found[0].Offset;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Asked)]
    public int Table()
    {
        var known = 0;
        foreach (var identity in _asked)
        {
            _select.Parameters[0].Value = Bytes(identity);
            if (_select.ExecuteScalar() is not null) known++;
        }

        return known;
    }

    void Insert(KeyEntry[] keys)
    {
        using var insert = _table.CreateCommand();
        insert.CommandText = "INSERT INTO key VALUES ($identity, $position)";
        insert.Parameters.Add("$identity", SqliteType.Blob);
        insert.Parameters.Add("$position", SqliteType.Integer);
        foreach (var key in keys)
        {
            insert.Parameters[0].Value = Bytes(key.Identity);
            insert.Parameters[1].Value = key.Offset;
            insert.ExecuteNonQuery();
        }
    }

    void Execute(string sql)
    {
        using var command = _table.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    static byte[] Bytes(UInt128 identity)
    {
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, identity);
        return bytes;
    }

    static UInt128 Identity(Random random) => new((ulong)random.NextInt64(), (ulong)random.NextInt64());
}

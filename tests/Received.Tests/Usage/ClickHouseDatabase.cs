using Received.Tests.Servers;
using Received.Usage.ClickHouse;
using Xunit;

namespace Received.Tests.Usage;

/// <summary>Databases of one test, by name, made by whoever opens them and dropped in the end.</summary>
sealed class ClickHouseDatabase : IAsyncLifetime
{
    readonly string _prefix = ClickHouseServer.NewDatabase();
    readonly HashSet<string> _names = [];
    string _connection = "";

    public async ValueTask InitializeAsync() => _connection = await ClickHouseServer.ConnectionStringAsync();

    public ClickHouseOptions Options(string name = "main")
    {
        _names.Add(name);
        return new() { ConnectionString = $"{_connection};Database={_prefix}_{name}" };
    }

    /// <summary>A statement of the test's own, in the database of that name.</summary>
    public async Task ExecuteAsync(string sql, string name = "main")
    {
        using var link = new ClickHouseLink(Options(name));
        await link.ExecuteAsync(sql, TestContext.Current.CancellationToken);
    }

    /// <summary>The numbers that a query answers with, its only column.</summary>
    public async Task<List<ulong>> NumbersAsync(string sql, string name = "main")
    {
        using var link = new ClickHouseLink(Options(name));
        var numbers = new List<ulong>();
        await using var rows = await link.QueryAsync(new(sql), TestContext.Current.CancellationToken);
        while (await rows.NextAsync())
            for (var i = 0; i < rows.Count; i++) numbers.Add(rows.Value<ulong>(0, i));
        return numbers;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _names)
        {
            using var link = new ClickHouseLink(Options(name));
            await link.ExecuteAsync($"DROP DATABASE IF EXISTS {link.Database} SYNC", default, "system");
        }
    }
}

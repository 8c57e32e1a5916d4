using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Received.Billing.Store;

/// <summary>
/// The billing database of a data folder. Several processes may use it at once, whoever holds the folder: accounts
/// and keys are written by commands beside a running server.
/// </summary>
public sealed class BillingStore
{
    public const string FileName = "billing.db";

    // How long a writer waits for others. Writes take milliseconds, but an invoice run writes thousands in a row.
    const int BusySeconds = 30;

    readonly string _connection;
    readonly DbContextOptions<BillingDb> _options;

    BillingStore(string path)
    {
        _connection = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            DefaultTimeout = BusySeconds,
            ForeignKeys = true,
        }.ToString();
        _options = new DbContextOptionsBuilder<BillingDb>().UseSqlite(_connection)
            .AddInterceptors(new BusyWait(TimeSpan.FromSeconds(BusySeconds))).Options;
    }

    /// <summary>Opens or makes the database in an existing folder.</summary>
    /// <exception cref="BillingSchemaException">It was made by a newer program.</exception>
    public static async Task<BillingStore> OpenAsync(string folder, CancellationToken cancellation = default)
    {
        var store = new BillingStore(Path.Combine(folder, FileName));
        await using var connection = await store.ConnectAsync(cancellation);
        await BillingSchema.ApplyAsync(connection, cancellation);
        return store;
    }

    internal BillingDb Context() => new(_options);

    internal async Task<SqliteConnection> ConnectAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_connection);
        await connection.OpenAsync(cancellation);
        return connection;
    }
}

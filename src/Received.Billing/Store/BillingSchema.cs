using System.Data.Common;

namespace Received.Billing.Store;

/// <summary>
/// The billing database's schema as numbered steps. Invariant: a step that was released is never edited, only
/// followed; the file's user_version says how many have been applied, in the same transaction as the last of them.
/// </summary>
static class BillingSchema
{
    // AUTOINCREMENT: an id is never given out twice, not even after a row was deleted; accounts are in stored events.
    static readonly string[] Steps =
    [
        """
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
            name TEXT NOT NULL UNIQUE,
            allows_negative_quantity INTEGER NOT NULL,
            created_at_ms INTEGER NOT NULL) STRICT;
        CREATE TABLE api_keys (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            scopes INTEGER NOT NULL,
            label TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            revoked_at_ms INTEGER) STRICT;
        CREATE INDEX api_keys_by_account ON api_keys (account_id);
        """,
        """
        CREATE TABLE served_log (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id TEXT NOT NULL) STRICT;
        """,
        """
        CREATE TABLE database_identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id TEXT NOT NULL) STRICT;
        INSERT INTO database_identity (one, id) VALUES (1, lower(hex(randomblob(16))));
        """,
    ];

    /// <summary>Brings an open database to the newest version; several processes may try at once.</summary>
    /// <exception cref="BillingSchemaException">The database was made by a newer program.</exception>
    public static async Task ApplyAsync(DbConnection connection, CancellationToken cancellation)
    {
        // Write-ahead: readers (a running server) and a writer (a command) do not wait for each other. It is kept in
        // the file.
        await ExecuteAsync(connection, "PRAGMA journal_mode = WAL", cancellation);
        await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellation);
        try
        {
            var version = Convert.ToInt32(await ScalarAsync(connection, "PRAGMA user_version", cancellation));
            if (version > Steps.Length)
                throw new BillingSchemaException(
                    $"billing.db has schema version {version}; this program knows versions up to {Steps.Length}. "
                    + "Use the newer program that made it.");
            for (var step = version; step < Steps.Length; step++)
                await ExecuteAsync(connection, $"{Steps[step]} PRAGMA user_version = {step + 1}", cancellation);
            await ExecuteAsync(connection, "COMMIT", cancellation);
        }
        catch
        {
            await ExecuteAsync(connection, "ROLLBACK", CancellationToken.None);
            throw;
        }
    }

    static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    static async Task<object?> ScalarAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(cancellation);
    }
}

/// <summary>The database cannot be used by this program; the message says why and what to do.</summary>
public sealed class BillingSchemaException(string message) : Exception(message);

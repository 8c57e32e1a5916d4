using Received.Billing.Store;

namespace Received.Billing.Access;

/// <summary>
/// Which log the accounts of this database report to. Stored events carry account numbers, so the same log with another
/// database would show one account's usage to another (law 12).
/// </summary>
public sealed class ServedLog(BillingStore store)
{
    /// <summary>Null where none was noted yet.</summary>
    public Task<Guid?> ReadAsync(CancellationToken cancellation = default) =>
        ReadIdAsync("SELECT id FROM served_log", cancellation);

    /// <summary>This database's own id: made once with it, and the same in copies of the file.</summary>
    public async Task<Guid> ReadDatabaseAsync(CancellationToken cancellation = default) =>
        (await ReadIdAsync("SELECT id FROM database_identity", cancellation))!.Value;

    /// <summary>Notes it for good; the first to do so wins.</summary>
    public async Task NoteAsync(Guid log, CancellationToken cancellation = default)
    {
        await using var connection = await store.ConnectAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO served_log (one, id) VALUES (1, $id) ON CONFLICT DO NOTHING";
        command.Parameters.AddWithValue("$id", log.ToString());
        await command.ExecuteNonQueryAsync(cancellation);
    }

    async Task<Guid?> ReadIdAsync(string select, CancellationToken cancellation)
    {
        await using var connection = await store.ConnectAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = select;
        return await command.ExecuteScalarAsync(cancellation) is string id ? Guid.Parse(id) : null;
    }
}

using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Received.Billing.Store;

/// <summary>
/// Lets SQLite itself wait for other writers: it looks again after a millisecond, then after some more. The client
/// library looks every 150 ms only, and was seen to miss every gap that an invoice run leaves between two invoices.
/// </summary>
sealed class BusyWait(TimeSpan limit) : DbConnectionInterceptor
{
    readonly string _pragma = string.Create(
        CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {(int)limit.TotalMilliseconds}");

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        using var command = connection.CreateCommand();
        command.CommandText = _pragma;
        command.ExecuteNonQuery();
    }

    public override async Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = _pragma;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

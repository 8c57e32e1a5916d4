using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Received.Billing.Store;

/// <summary>Whether the database refused a row because another one is there already.</summary>
static class BrokenConstraint
{
    // SQLITE_CONSTRAINT (sqlite.org/rescode.html).
    const int SqliteConstraint = 19;

    public static bool Is(DbUpdateException exception) =>
        exception.InnerException is SqliteException { SqliteErrorCode: SqliteConstraint };
}

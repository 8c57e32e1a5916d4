using Received.Model;

namespace Received.Billing.Store;

/// <summary>Notes who did what that costs money or changes books (law 12), in the transaction of the effect.</summary>
static class AuditTrail
{
    public static void Add(
        BillingDb db, AccountId account, string actor, string action, string subject, string detail,
        TimeProvider time) =>
        db.AuditLog.Add(new AuditLogRow
        {
            AccountId = account.Value,
            AtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Actor = actor,
            Action = action,
            Subject = subject,
            Detail = detail,
        });
}

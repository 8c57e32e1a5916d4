using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>Payments as they are now, of one account.</summary>
public sealed class PaymentList(BillingStore store)
{
    /// <summary>Newest first.</summary>
    /// <param name="question">Page and filters.</param>
    public async Task<IReadOnlyList<PaymentView>> ListAsync(
        AccountId account, PaymentQuestion question, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = db.Payments.AsNoTracking().Where(row => row.AccountId == account.Value);
        if (question.BeforeId is { } before) rows = rows.Where(row => row.Id < before);
        if (question.CustomerRef is { } customer)
            rows = rows.Where(row => db.Customers.Any(
                known => known.Id == row.CustomerId && known.AccountId == account.Value && known.Ref == customer));
        if (question.Method is { } method) rows = rows.Where(row => row.Method == method);
        rows = question.Part switch
        {
            PaymentPart.All => rows,
            PaymentPart.Unapplied => rows.Where(row => row.CustomerId == null && row.FreeMinor > 0),
            PaymentPart.Credit => rows.Where(row => row.CustomerId != null && row.FreeMinor > 0),
        };
        return await ViewAsync(db, await rows.OrderByDescending(row => row.Id).Take(question.Limit)
            .ToListAsync(cancellation), cancellation);
    }

    /// <summary>Null where the account has none of that id.</summary>
    public async Task<PaymentView?> FindAsync(
        AccountId account, long id, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = await db.Payments.AsNoTracking().Where(row => row.AccountId == account.Value && row.Id == id)
            .ToListAsync(cancellation);
        return (await ViewAsync(db, rows, cancellation)).SingleOrDefault();
    }

    static async Task<IReadOnlyList<PaymentView>> ViewAsync(
        BillingDb db, List<PaymentRow> rows, CancellationToken cancellation)
    {
        long[] ids = [.. rows.Select(row => row.Id)];
        long?[] customerIds = [.. rows.Select(row => row.CustomerId).Distinct()];
        long[] entityIds = [.. rows.Select(row => row.EntityId).Distinct()];
        var allocations = (await db.Allocations.AsNoTracking().Where(row => ids.Contains(row.PaymentId))
            .OrderBy(row => row.Id).ToListAsync(cancellation)).ToLookup(row => row.PaymentId);
        var refunds = (await db.Refunds.AsNoTracking().Where(row => ids.Contains(row.PaymentId))
            .OrderBy(row => row.Id).ToListAsync(cancellation)).ToLookup(row => row.PaymentId);
        var customers = await db.Customers.AsNoTracking().Where(row => customerIds.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.Ref, cancellation);
        var entities = await db.Entities.AsNoTracking().Where(row => entityIds.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.Ref, cancellation);
        return
        [
            .. rows.Select(row => new PaymentView(
                row.Id, row.Method, row.ExternalId, entities[row.EntityId],
                row.CustomerId is { } customer ? customers[customer] : null,
                PaymentChange.Money(row, row.AmountMinor), PaymentChange.Money(row, row.FreeMinor),
                PaymentChange.Money(row, row.RefundedMinor),
                row.FeeMinor is { } fee ? PaymentChange.Money(row, fee) : null, CivilDay.Date(row.ReceivedDay),
                DateTimeOffset.FromUnixTimeMilliseconds(row.RecordedAtMs), row.Reference,
                [
                    .. from allocation in allocations[row.Id]
                       group allocation.AmountMinor by allocation.InvoiceId into same
                       where same.Sum() != 0
                       select new AllocationView(same.Key, PaymentChange.Money(row, same.Sum())),
                ],
                [.. refunds[row.Id].Select(refund => RefundView.Of(refund, row.Currency))])),
        ];
    }
}

/// <param name="BeforeId">Payments older than this one; null for the newest.</param>
public sealed record PaymentQuestion(
    int Limit, long? BeforeId = null, string? CustomerRef = null, string? Method = null,
    PaymentPart Part = PaymentPart.All);

public enum PaymentPart
{
    All,

    /// <summary>With free money of nobody known.</summary>
    Unapplied,

    /// <summary>With free money of a known customer.</summary>
    Credit,
}

/// <summary>Amount = free + refunded + the sum of the allocations.</summary>
/// <param name="CustomerRef">Null while nobody knows whose it is.</param>
/// <param name="Free">The customer's credit, or unapplied.</param>
/// <param name="Fee">What the method kept; null while that is not known.</param>
/// <param name="Reference">What the payer wrote.</param>
public sealed record PaymentView(
    long Id, string Method, string ExternalId, string EntityRef, string? CustomerRef, Money Amount, Money Free,
    Money Refunded, Money? Fee, DateOnly ReceivedOn, DateTimeOffset RecordedAt, string Reference,
    IReadOnlyList<AllocationView> Allocations, IReadOnlyList<RefundView> Refunds);

public sealed record AllocationView(long InvoiceId, Money Amount);

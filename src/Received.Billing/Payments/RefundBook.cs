using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>
/// Money that goes back. It is stored and booked before anyone is asked, so that it cannot be spent twice; the method
/// is asked under a key made from the refund's id until its answer is known, and looks for it first where an earlier
/// key may have been forgotten; a decline reverses what was booked.
/// </summary>
public sealed class RefundBook(BillingStore store, PaymentMethods methods, TimeProvider time)
{
    /// <summary>Stripe keeps keys for 24 hours at least; the same key later would be a new refund.</summary>
    static readonly TimeSpan KeyLife = TimeSpan.FromHours(23);

    /// <summary>Gives back part or all of a payment: free money first, then the latest allocations, whose invoices are
    /// open again.</summary>
    /// <param name="minor">Null: all that is left.</param>
    /// <param name="clientKey">The same again is the same refund; null: every request is one of its own.</param>
    /// <returns>The refund; pending where the outcome is not known yet.</returns>
    /// <exception cref="PaymentRefusedException">It is not the account's, or not so much is left.</exception>
    public async Task<RefundView> RefundAsync(
        AccountId account, string actor, long paymentId, long? minor, string? clientKey = null,
        CancellationToken cancellation = default)
    {
        long id;
        var key = clientKey is null ? null : KeyOf(account, paymentId, clientKey);
        await using (var change = await PaymentChange.BeginAsync(store, time, account, actor, cancellation))
        {
            var payment = await change.PaymentAsync(paymentId, cancellation);
            methods.Get(payment.Method);
            if (key is not null && await change.Db.Refunds.AsNoTracking()
                .SingleOrDefaultAsync(row => row.IdempotencyKey == key, cancellation) is { } before)
                return before.AmountMinor == (minor ?? before.AmountMinor)
                    ? RefundView.Of(before, payment.Currency)
                    : throw PaymentRefusedException.Conflict(
                        "refund_conflict",
                        $"{PaymentIds.Refund(before.Id)} has this Idempotency-Key and another amount.");
            var left = payment.AmountMinor - payment.RefundedMinor;
            if (left == 0 || minor > left || minor <= 0)
                throw PaymentRefusedException.Conflict(
                    "refund_too_large",
                    $"{PaymentChange.Money(payment, left)} of {PaymentIds.Payment(paymentId)} is left to give back.",
                    "/amount");
            var refund = await TakeAsync(change, payment, minor ?? left, null, cancellation);
            id = refund.Id;
            refund.IdempotencyKey = key ?? KeyOf(account, id);
            await change.CommitAsync(cancellation);
        }

        try
        {
            return await AskAsync(account, id, cancellation);
        }
        catch (PaymentOutcomeUnknownException)
        {
            return await ReadAsync(account, id, cancellation);
        }
    }

    /// <summary>Asks the method, again or for the first time, for a refund whose outcome is not known.</summary>
    /// <exception cref="PaymentOutcomeUnknownException">It still is not.</exception>
    internal async Task<RefundView> AskAsync(AccountId account, long refundId, CancellationToken cancellation)
    {
        RefundRow refund;
        PaymentRow payment;
        await using (var db = store.Context())
        {
            refund = await db.Refunds.AsNoTracking()
                .SingleAsync(row => row.Id == refundId && row.AccountId == account.Value, cancellation);
            payment = await db.Payments.AsNoTracking().SingleAsync(row => row.Id == refund.PaymentId, cancellation);
        }

        var method = methods.Get(payment.Method);
        if (refund.ExternalId is { } asked)
        {
            if ((await method.FetchAsync(asked, cancellation)).Refund is { } fact)
                await MoveAsync(account, refundId, fact.State, asked, fact.Reason, cancellation);
            return await ReadAsync(account, refundId, cancellation);
        }

        var renewals = await RenewedAsync(refund, cancellation);
        var answer = await method.RefundAsync(
            new(
                account, refundId, payment.ExternalId, PaymentChange.Money(payment, refund.AmountMinor),
                renewals == 0 ? refund.IdempotencyKey : $"{refund.IdempotencyKey}:{renewals}", renewals > 0),
            cancellation);
        await MoveAsync(account, refundId, answer.State, answer.ExternalId, answer.Reason, cancellation);
        return await ReadAsync(account, refundId, cancellation);
    }

    /// <summary>
    /// Past its life a key no longer keeps the same request from being another refund, so it is made anew, and stored
    /// before it is used. Two that do so at once make one.
    /// </summary>
    /// <returns>How often it was made anew so far.</returns>
    async Task<int> RenewedAsync(RefundRow refund, CancellationToken cancellation)
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (nowMs - Math.Max(refund.CreatedAtMs, refund.RenewedAtMs) <= KeyLife.TotalMilliseconds)
            return refund.Renewals;
        await using var db = store.Context();
        await db.Refunds.Where(row => row.Id == refund.Id && row.Renewals == refund.Renewals).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.Renewals, refund.Renewals + 1)
                .SetProperty(row => row.RenewedAtMs, nowMs),
            cancellation);
        return refund.Renewals + 1;
    }

    /// <summary>Stores and books a refund.</summary>
    /// <param name="externalId">Of one that was made at the other side; null for one that is still to be asked
    /// for.</param>
    internal static async Task<RefundRow> TakeAsync(
        PaymentChange change, PaymentRow payment, long minor, string? externalId, CancellationToken cancellation)
    {
        await FreeAsync(change, payment, minor, cancellation);
        (payment.FreeMinor, payment.RefundedMinor) = (payment.FreeMinor - minor, payment.RefundedMinor + minor);
        var refund = new RefundRow
        {
            AccountId = change.Account.Value,
            PaymentId = payment.Id,
            // Ours is made from the number that the row gets; nobody sees this one.
            IdempotencyKey = externalId ?? $"new:{payment.Id}:{payment.RefundedMinor}:{change.NowMs}",
            ExternalId = externalId,
            AmountMinor = minor,
            State = RefundState.Pending,
            CreatedAtMs = change.NowMs,
            TriedAtMs = change.NowMs,
            Actor = change.Actor,
        };
        change.Db.Refunds.Add(refund);
        await change.SaveAsync(cancellation);
        await change.PostAsync(
            EntryKind.PaymentRefunded, $"refund:{refund.Id}", payment,
            await change.TodayAsync(payment.EntityId, cancellation),
            PaymentPostings.Refunded(PaymentChange.Posted(payment), PaymentChange.Money(payment, minor)), cancellation);
        change.Audit(
            "payment.refunded", PaymentIds.Payment(payment.Id),
            $"{PaymentIds.Refund(refund.Id)} {PaymentChange.Money(payment, minor)}");
        return refund;
    }

    /// <summary>Notes what became of a refund. States only go forward: pending, succeeded, failed.</summary>
    internal static async Task MoveAsync(
        PaymentChange change, RefundRow refund, RefundState state, string? externalId, string? reason,
        CancellationToken cancellation)
    {
        refund.ExternalId ??= externalId;
        if (state <= refund.State) return;
        (refund.State, refund.Reason) = (state, reason);
        if (state != RefundState.Failed) return;
        var payment = await change.PaymentAsync(refund.PaymentId, cancellation);
        payment.FreeMinor += refund.AmountMinor;
        payment.RefundedMinor -= refund.AmountMinor;
        await change.PostAsync(
            EntryKind.PaymentRefunded, $"refund:{refund.Id}:failed", payment,
            await change.TodayAsync(payment.EntityId, cancellation),
            PaymentPostings.Refunded(
                PaymentChange.Posted(payment), PaymentChange.Money(payment, -refund.AmountMinor)), cancellation);
        change.Audit("refund.failed", PaymentIds.Refund(refund.Id), reason ?? "");
    }

    /// <summary>Makes so much of a payment free, taking back its latest allocations where need be.</summary>
    static async Task FreeAsync(
        PaymentChange change, PaymentRow payment, long minor, CancellationToken cancellation)
    {
        if (payment.FreeMinor >= minor) return;
        var given = await change.Db.Allocations.Where(row => row.PaymentId == payment.Id)
            .GroupBy(row => row.InvoiceId)
            .Select(same => new
            {
                InvoiceId = same.Key,
                Minor = same.Sum(row => row.AmountMinor),
                Last = same.Max(row => row.Id),
            })
            .OrderByDescending(row => row.Last).ToListAsync(cancellation);
        foreach (var allocation in given.Where(row => row.Minor > 0))
        {
            var back = Math.Min(allocation.Minor, minor - payment.FreeMinor);
            if (back <= 0) break;
            await PaymentBook.AllocateAsync(
                change, payment, await change.InvoiceAsync(allocation.InvoiceId, cancellation), -back, cancellation);
        }
    }

    static string KeyOf(AccountId account, long refundId) => $"refund:{account}:{refundId}";

    /// <summary>Of a hash: clients' keys may be long, or hold what no header takes.</summary>
    static string KeyOf(AccountId account, long paymentId, string clientKey) =>
        $"refund:{account}:{paymentId}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(clientKey)))}";

    async Task MoveAsync(
        AccountId account, long refundId, RefundState state, string? externalId, string? reason,
        CancellationToken cancellation)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, account, "refunds", cancellation);
        var refund = await change.Db.Refunds
            .SingleAsync(row => row.Id == refundId && row.AccountId == account.Value, cancellation);
        await MoveAsync(change, refund, state, externalId, reason, cancellation);
        await change.CommitAsync(cancellation);
    }

    async Task<RefundView> ReadAsync(AccountId account, long refundId, CancellationToken cancellation)
    {
        await using var db = store.Context();
        var row = await db.Refunds.AsNoTracking()
            .SingleAsync(row => row.Id == refundId && row.AccountId == account.Value, cancellation);
        var currency = await db.Payments.Where(payment => payment.Id == row.PaymentId)
            .Select(payment => payment.Currency).SingleAsync(cancellation);
        return RefundView.Of(row, currency);
    }
}

/// <param name="Reason">Of a failure.</param>
public sealed record RefundView(long Id, RefundState State, Money Amount, string? ExternalId, string? Reason)
{
    internal static RefundView Of(RefundRow row, string currency) => new(
        row.Id, row.State, new(row.AmountMinor, Currency.Parse(currency)), row.ExternalId, row.Reason);
}

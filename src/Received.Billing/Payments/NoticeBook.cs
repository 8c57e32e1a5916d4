using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>
/// Takes notices of methods. Invariants: the notice and what it changes are one transaction; a fact counts once,
/// however many notices tell it, in whatever order; money whose target is not as we asked is kept, but pays nothing by
/// itself.
/// </summary>
public sealed class NoticeBook(BillingStore store, TimeProvider time)
{
    /// <summary>Stripe tells again for three days, and gives an endpoint up that never says yes.</summary>
    static readonly TimeSpan EarlyMax = TimeSpan.FromDays(1);

    /// <param name="method">Its name.</param>
    /// <returns>What it came to. It is durable, except <see cref="NoticeOutcome.Early"/>: that has to be told
    /// again.</returns>
    public async Task<NoticeOutcome> ApplyAsync(
        string method, PaymentNotice notice, CancellationToken cancellation = default)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, default, method, cancellation);
        if (notice.Id.Length > 0 && await change.Db.Notices.AnyAsync(
            row => row.Method == method && row.ExternalId == notice.Id, cancellation)) return NoticeOutcome.Known;
        var outcome = await ApplyAsync(change, method, notice, cancellation);
        if (outcome == NoticeOutcome.Early) return outcome;
        if (notice.Id.Length > 0)
            change.Db.Notices.Add(new()
            {
                Method = method,
                ExternalId = notice.Id,
                Kind = notice.Type,
                Outcome = notice.Ignored is { } why ? $"ignored: {why}" : OutcomeName(outcome),
                ReceivedAtMs = change.NowMs,
            });
        await change.CommitAsync(cancellation);
        return outcome;
    }

    static async Task<NoticeOutcome> ApplyAsync(
        PaymentChange change, string method, PaymentNotice notice, CancellationToken cancellation)
    {
        if (notice.Ignored is not null) return NoticeOutcome.Ignored;
        var outcome = NoticeOutcome.Known;
        if (notice.Arrived is { } arrived) outcome = await ArriveAsync(change, method, arrived, cancellation);
        if (notice.Ended is { } ended) outcome = await EndAsync(change, ended, cancellation);
        if (notice.Fee is { } fee) outcome = await FeeAsync(change, method, fee, cancellation);
        if (notice.Refund is { } refund) outcome = await RefundAsync(change, method, refund, cancellation);
        // What it is about would have been told by now: it is of another program on the same Stripe account, say.
        var isLate = change.NowMs - notice.CreatedAt.ToUnixTimeMilliseconds() > EarlyMax.TotalMilliseconds;
        return outcome == NoticeOutcome.Early && isLate ? NoticeOutcome.Foreign : outcome;
    }

    static async Task<NoticeOutcome> ArriveAsync(
        PaymentChange change, string method, ArrivedFact fact, CancellationToken cancellation)
    {
        if (fact.Target is not { } target) return NoticeOutcome.Foreign;
        var own = change.For(target.Account);
        var invoice = await own.FindInvoiceAsync(target.InvoiceId, cancellation);
        if (invoice is null) return NoticeOutcome.Foreign;
        if (await PaymentOfAsync(change, method, fact.ExternalId, cancellation) is not null) return NoticeOutcome.Known;
        var attempt = await AttemptOfAsync(own, target, cancellation);
        var isAsAsked = attempt is not null && attempt.Method == method && attempt.AmountMinor == fact.Amount.Minor
            && attempt.Currency == fact.Amount.Currency.Code;
        var day = await own.DayAsync(invoice.EntityId, fact.At, cancellation);
        var payment = await own.AddPaymentAsync(
            new(
                invoice.EntityId, isAsAsked ? invoice.CustomerId : null, method, fact.ExternalId, fact.Amount,
                InvoiceId.Format(invoice.Id)),
            day, cancellation);
        own.Audit(
            isAsAsked ? "payment.arrived" : "payment.not_as_asked", PaymentIds.Payment(payment.Id),
            $"{fact.Amount} {InvoiceId.Format(invoice.Id)}");
        var isPaying = isAsAsked && InvoiceStates.IsOpen(invoice.State) && invoice.Currency == payment.Currency;
        await PaymentBook.EnterAsync(own, payment, isPaying ? [invoice] : [], day, cancellation);
        if (!isAsAsked) return NoticeOutcome.Unapplied;
        attempt!.State = AttemptState.Succeeded;
        return NoticeOutcome.Applied;
    }

    static async Task<NoticeOutcome> EndAsync(PaymentChange change, AttemptFact fact, CancellationToken cancellation)
    {
        if (fact.Target is not { } target) return NoticeOutcome.Foreign;
        var attempt = await AttemptOfAsync(change.For(target.Account), target, cancellation);
        if (attempt is null) return NoticeOutcome.Foreign;
        // It was paid, or ended: a notice about what was before comes late.
        if (attempt.State is not (AttemptState.Starting or AttemptState.Open)) return NoticeOutcome.Known;
        attempt.Reason = fact.Reason;
        if (fact.State == AttemptState.Expired) attempt.State = AttemptState.Expired;
        return NoticeOutcome.Applied;
    }

    static async Task<NoticeOutcome> FeeAsync(
        PaymentChange change, string method, FeeFact fact, CancellationToken cancellation)
    {
        var payment = await PaymentOfAsync(change, method, fact.PaymentExternalId, cancellation);
        if (payment is null) return NoticeOutcome.Foreign;
        if (payment.FeeMinor is not null) return NoticeOutcome.Known;
        // Settled in another currency: what clearing holds is then not what was paid, which a person has to book.
        if (fact.Fee.Currency.Code != payment.Currency) return NoticeOutcome.Ignored;
        payment.FeeMinor = fact.Fee.Minor;
        if (fact.Fee.IsZero) return NoticeOutcome.Applied;
        var own = change.For(new(payment.AccountId));
        await own.PostAsync(
            EntryKind.PaymentFee, $"fee:{payment.Id}", payment, CivilDay.Date(payment.ReceivedDay),
            PaymentPostings.Fee(PaymentChange.Posted(payment), fact.Fee), cancellation);
        return NoticeOutcome.Applied;
    }

    static async Task<NoticeOutcome> RefundAsync(
        PaymentChange change, string method, RefundFact fact, CancellationToken cancellation)
    {
        var payment = await PaymentOfAsync(change, method, fact.PaymentExternalId, cancellation);
        // Of a payment that is not ours, or whose own notice is still on its way.
        if (payment is null) return NoticeOutcome.Early;
        var own = change.For(new(payment.AccountId));
        var refund = await own.Db.Refunds.SingleOrDefaultAsync(
            row => row.PaymentId == payment.Id && (row.ExternalId == fact.ExternalId
                || (row.Id == fact.RefundId && row.ExternalId == null)),
            cancellation);
        if (refund is null)
        {
            if (payment.Currency != fact.Amount.Currency.Code) return NoticeOutcome.Ignored;
            // One of our own that waits has taken the money; it will fail, and then there is room.
            if (fact.Amount.Minor > payment.AmountMinor - payment.RefundedMinor) return NoticeOutcome.Early;
            refund = await RefundBook.TakeAsync(own, payment, fact.Amount.Minor, fact.ExternalId, cancellation);
        }

        await RefundBook.MoveAsync(own, refund, fact.State, fact.ExternalId, fact.Reason, cancellation);
        return NoticeOutcome.Applied;
    }

    /// <summary>A method's ids are its own: one stands for one payment, whatever the account.</summary>
    static Task<PaymentRow?> PaymentOfAsync(
        PaymentChange change, string method, string externalId, CancellationToken cancellation) =>
        change.Db.Payments.SingleOrDefaultAsync(
            row => row.Method == method && row.ExternalId == externalId, cancellation);

    static Task<PaymentAttemptRow?> AttemptOfAsync(
        PaymentChange change, PaymentTarget target, CancellationToken cancellation) =>
        change.Db.PaymentAttempts.SingleOrDefaultAsync(
            row => row.AccountId == target.Account.Value && row.InvoiceId == target.InvoiceId
                && row.Number == target.Attempt,
            cancellation);

    static string OutcomeName(NoticeOutcome outcome) => outcome.ToString().ToLowerInvariant();
}

public enum NoticeOutcome
{
    Applied,

    /// <summary>Money was kept, but is not what we asked for: a person decides.</summary>
    Unapplied,

    /// <summary>Told before.</summary>
    Known,

    /// <summary>Nothing is done on its kind.</summary>
    Ignored,

    /// <summary>It names nothing of ours.</summary>
    Foreign,

    /// <summary>It is about something that has not been told yet; nothing was stored. Tell it again later.</summary>
    Early,
}

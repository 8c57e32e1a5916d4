using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>
/// Attempts at having an invoice paid through a method. Invariants: an attempt is stored before the method is asked,
/// and asked again it is the same request; at most one place at a time takes a customer's money for an invoice.
/// </summary>
public sealed class AttemptBook(BillingStore store, PaymentMethods methods, NoticeBook notices, TimeProvider time)
{
    /// <summary>Somebody who makes more is a program gone wrong.</summary>
    const int AttemptsMax = 200;

    /// <summary>The first finds an attempt that is stale or was paid, the second comes after it.</summary>
    const int RoundsMax = 3;

    /// <summary>A place that is about to close is not handed out any more: the method's own limit is 23 h.</summary>
    static readonly TimeSpan PlaceLife = TimeSpan.FromHours(22);

    /// <summary>Where the open amount of an invoice can be paid; the same place as long as it is right.</summary>
    /// <exception cref="PaymentRefusedException">It cannot be paid, or not in this way.</exception>
    /// <exception cref="PaymentOutcomeUnknownException">Ask again.</exception>
    public async Task<PaymentPlace> PayAsync(
        AccountId account, string actor, long invoiceId, string methodName, CancellationToken cancellation = default)
    {
        var method = methods.Get(methodName);
        for (var round = 0; round < RoundsMax; round++)
        {
            var attempt = await StoreAsync(account, actor, invoiceId, methodName, cancellation);
            if (attempt.Place is { } place) return place;
            var start = await method.StartAsync(attempt.Request!, cancellation);
            await NoteAsync(attempt.Request!, start, cancellation);
            switch (start.Outcome)
            {
                case StartOutcome.Ready:
                    return new(
                        methodName, start.Where!, attempt.Request!.Amount, attempt.Request.Target.Attempt);
                case StartOutcome.Refused:
                    throw PaymentRefusedException.Conflict(
                        "payment_refused", $"Not payable by {methodName}: {start.Reason}", "/method");
                case StartOutcome.PaidBefore:
                    await notices.ApplyAsync(
                        methodName, await method.FetchAsync(attempt.Request!.Supersedes!, cancellation), cancellation);
                    break;
                case StartOutcome.Stale:
                    break;
            }
        }

        throw PaymentRefusedException.Conflict(
            "payment_under_way", "An earlier attempt has been paid and is being looked into: see the invoice shortly.");
    }

    /// <summary>The place of an earlier attempt that is still right, or the next request, stored.</summary>
    async Task<(PaymentPlace? Place, PaymentRequest? Request)> StoreAsync(
        AccountId account, string actor, long invoiceId, string method, CancellationToken cancellation)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, account, actor, cancellation);
        var invoice = await change.InvoiceAsync(invoiceId, cancellation);
        if (!InvoiceStates.IsOpen(invoice.State)) throw PaymentBook.NotOpen(invoice, null);
        var open = new Money(invoice.TotalMinor - invoice.PaidMinor, Currency.Parse(invoice.Currency));
        if (open.IsZero) throw PaymentRefusedException.Conflict("nothing_open", "Nothing of this invoice is open.");
        var attempts = await change.Db.PaymentAttempts
            .Where(row => row.AccountId == account.Value && row.InvoiceId == invoiceId)
            .OrderBy(row => row.Number).ToListAsync(cancellation);
        var last = attempts.LastOrDefault(row => row.Method == method);
        var isRight = last is not null && last.AmountMinor == open.Minor && last.Currency == invoice.Currency
            && change.NowMs - last.CreatedAtMs < PlaceLife.TotalMilliseconds;
        if (isRight && last!.State == AttemptState.Open)
            return (new(method, last.Url!, open, last.Number), null);
        if (!isRight || last!.State != AttemptState.Starting)
        {
            // Nobody was given its place.
            if (last?.State == AttemptState.Starting) last.State = AttemptState.Expired;
            last = Add(change, invoice, method, attempts.Count == 0 ? 1 : attempts[^1].Number + 1, open);
        }

        var email = await change.Db.Customers.Where(row => row.Id == invoice.CustomerId)
            .Select(row => row.Email).SingleAsync(cancellation);
        await change.CommitAsync(cancellation);
        return (null, new(
            new(account, invoiceId, last.Number), InvoiceId.Number(invoice.Series, invoice.Number!.Value), open,
            DateTimeOffset.FromUnixTimeMilliseconds(last.CreatedAtMs), email,
            attempts.LastOrDefault(row => row.Method == method && row.State == AttemptState.Open)?.ExternalId));
    }

    /// <summary>Ends the place of an attempt whose invoice takes no payment any more. Where it was paid before that,
    /// the money is entered.</summary>
    /// <exception cref="PaymentOutcomeUnknownException">Ask again.</exception>
    internal async Task CloseAsync(PaymentAttemptRow seen, CancellationToken cancellation)
    {
        var method = methods.Get(seen.Method);
        if (!await method.CloseAsync(seen.ExternalId!, cancellation))
        {
            await notices.ApplyAsync(
                seen.Method, await method.FetchAsync(seen.ExternalId!, cancellation), cancellation);
            return;
        }

        await using var change = await PaymentChange.BeginAsync(
            store, time, new(seen.AccountId), "attempts", cancellation);
        var attempt = await change.Db.PaymentAttempts.SingleAsync(row => row.Id == seen.Id, cancellation);
        // Its notice may have been faster.
        if (attempt.State != AttemptState.Open) return;
        (attempt.State, attempt.Reason) = (AttemptState.Expired, "closed: nothing of the invoice is to be paid");
        change.Audit(
            "payment.attempt_closed", InvoiceId.Format(seen.InvoiceId), $"{seen.Method} {seen.Number}");
        await change.CommitAsync(cancellation);
    }

    static PaymentAttemptRow Add(PaymentChange change, InvoiceRow invoice, string method, int number, Money open)
    {
        if (number > AttemptsMax)
            throw PaymentRefusedException.Conflict(
                "attempts_exhausted", $"There were {AttemptsMax} attempts to pay this invoice: look into them first.");
        var target = new PaymentTarget(change.Account, invoice.Id, number);
        var row = new PaymentAttemptRow
        {
            AccountId = change.Account.Value,
            InvoiceId = invoice.Id,
            Number = number,
            Method = method,
            IdempotencyKey = new PaymentRequest(target, "", open, default, null).IdempotencyKey,
            Currency = invoice.Currency,
            AmountMinor = open.Minor,
            State = AttemptState.Starting,
            CreatedAtMs = change.NowMs,
            TriedAtMs = change.NowMs,
        };
        change.Db.PaymentAttempts.Add(row);
        change.Audit("payment.attempted", InvoiceId.Format(invoice.Id), $"{method} {number} {open}");
        return row;
    }

    async Task NoteAsync(PaymentRequest request, PaymentStart start, CancellationToken cancellation)
    {
        await using var change = await PaymentChange.BeginAsync(
            store, time, request.Target.Account, "attempts", cancellation);
        var attempts = await change.Db.PaymentAttempts
            .Where(row => row.AccountId == request.Target.Account.Value && row.InvoiceId == request.Target.InvoiceId)
            .ToListAsync(cancellation);
        var attempt = attempts.Single(row => row.Number == request.Target.Attempt);
        if (start.Outcome != StartOutcome.PaidBefore)
            foreach (var earlier in attempts.Where(row => row.ExternalId is { } id && id == request.Supersedes
                && row.State == AttemptState.Open)) earlier.State = AttemptState.Expired;
        // Its notice may have been faster.
        if (attempt.State != AttemptState.Starting)
        {
            await change.CommitAsync(cancellation);
            return;
        }

        (attempt.ExternalId, attempt.Url, attempt.Reason) = (start.ExternalId, start.Where, start.Reason);
        attempt.State = start.Outcome switch
        {
            StartOutcome.Ready => AttemptState.Open,
            StartOutcome.Refused => AttemptState.Declined,
            StartOutcome.Stale or StartOutcome.PaidBefore => AttemptState.Expired,
        };
        await change.CommitAsync(cancellation);
    }
}

/// <param name="Where">The page, or the reference that a transfer has to state.</param>
public sealed record PaymentPlace(string Method, string Where, Money Amount, int Attempt);

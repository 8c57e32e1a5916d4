using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Payments.Wire;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>
/// Money that people handle: transfers recorded, payments allocated and taken back, credit applied. Invariant: money is
/// entered once (unique by account, method and external id) and never lost: what pays no invoice is the customer's
/// credit or, where nobody knows the customer, unapplied.
/// </summary>
public sealed class PaymentBook(BillingStore store, TimeProvider time)
{
    const int IdBytes = 12;

    /// <summary>Records a transfer and allocates it.</summary>
    /// <exception cref="PaymentRefusedException">Something named is not the account's, or does not fit.</exception>
    public async Task<RecordedPayment> RecordAsync(
        AccountId account, string actor, TransferRecord transfer, CancellationToken cancellation = default)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, account, actor, cancellation);
        if (transfer.ExternalId is { } known && await FindAsync(change, known, cancellation) is { } before)
            return before.AmountMinor == transfer.Amount.Minor && before.Currency == transfer.Amount.Currency.Code
                ? new(before.Id, false)
                : throw PaymentRefusedException.Conflict(
                    "payment_conflict",
                    $"{PaymentIds.Payment(before.Id)} has this external_id and another amount. A transfer of its own "
                    + "has a reference of its own.", "/external_id");
        var aim = await TransferAim.FindAsync(change, transfer, cancellation);
        var payment = await change.AddPaymentAsync(
            new(
                aim.EntityId, aim.CustomerId, WireTransfer.MethodName, transfer.ExternalId ?? NewId(), transfer.Amount,
                transfer.Reference),
            transfer.ReceivedOn, cancellation);
        change.Audit("payment.recorded", PaymentIds.Payment(payment.Id), transfer.Amount.ToString());
        await EnterAsync(change, payment, aim.Invoices, transfer.ReceivedOn, cancellation);
        await change.CommitAsync(cancellation);
        return new(payment.Id, true);
    }

    /// <summary>Gives free money of a payment to invoices of one customer.</summary>
    /// <exception cref="PaymentRefusedException">They do not fit, or there is not so much.</exception>
    public async Task AllocateAsync(
        AccountId account, string actor, long paymentId, IReadOnlyList<AllocationPart> parts,
        CancellationToken cancellation = default)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, account, actor, cancellation);
        var payment = await change.PaymentAsync(paymentId, cancellation);
        for (var index = 0; index < parts.Count; index++)
        {
            var pointer = $"/allocations/{index}";
            var invoice = await change.InvoiceAsync(parts[index].InvoiceId, cancellation, pointer + "/invoice");
            RequireFit(payment, invoice, pointer + "/invoice");
            var most = Math.Min(payment.FreeMinor, invoice.TotalMinor - invoice.PaidMinor);
            var minor = parts[index].AmountMinor ?? most;
            if (minor > most || minor <= 0)
                throw PaymentRefusedException.Conflict(
                    "allocation_too_large",
                    $"{PaymentIds.Payment(payment.Id)} has {PaymentChange.Money(payment, payment.FreeMinor)} free, "
                    + $"{InvoiceId.Format(invoice.Id)} has "
                    + $"{PaymentChange.Money(payment, invoice.TotalMinor - invoice.PaidMinor)} open: the amount must "
                    + "be above zero and no more than either.", pointer + "/amount");
            await AllocateAsync(change, payment, invoice, minor, cancellation);
        }

        await change.CommitAsync(cancellation);
    }

    /// <summary>Takes back all that a payment gave to an invoice: it is open again, the money free.</summary>
    /// <exception cref="PaymentRefusedException">It gave nothing.</exception>
    public async Task ReleaseAsync(
        AccountId account, string actor, long paymentId, long invoiceId, CancellationToken cancellation = default)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, account, actor, cancellation);
        var payment = await change.PaymentAsync(paymentId, cancellation);
        var invoice = await change.InvoiceAsync(invoiceId, cancellation, "/invoice");
        var given = await change.Db.Allocations
            .Where(row => row.PaymentId == paymentId && row.InvoiceId == invoiceId)
            .SumAsync(row => row.AmountMinor, cancellation);
        if (given == 0)
            throw PaymentRefusedException.Conflict(
                "allocation_not_found",
                $"{PaymentIds.Payment(paymentId)} pays nothing of {InvoiceId.Format(invoiceId)}.", "/invoice");
        await AllocateAsync(change, payment, invoice, -given, cancellation);
        await change.CommitAsync(cancellation);
    }

    /// <summary>Pays as much of an invoice as its customer's credit comes to, oldest first.</summary>
    /// <returns>What was applied; 0 where there is no credit.</returns>
    /// <exception cref="PaymentRefusedException">There is no such invoice, or it takes no payment.</exception>
    public async Task<Money> ApplyCreditAsync(
        AccountId account, string actor, long invoiceId, CancellationToken cancellation = default)
    {
        await using var change = await PaymentChange.BeginAsync(store, time, account, actor, cancellation);
        var invoice = await change.InvoiceAsync(invoiceId, cancellation);
        if (!InvoiceStates.IsOpen(invoice.State)) throw NotOpen(invoice, null);
        var credits = await change.Db.Payments
            .Where(row => row.AccountId == account.Value && row.CustomerId == invoice.CustomerId
                && row.EntityId == invoice.EntityId && row.Currency == invoice.Currency && row.FreeMinor > 0)
            .OrderBy(row => row.ReceivedDay).ThenBy(row => row.Id).ToListAsync(cancellation);
        var before = invoice.PaidMinor;
        foreach (var payment in credits)
        {
            var minor = Math.Min(payment.FreeMinor, invoice.TotalMinor - invoice.PaidMinor);
            if (minor == 0) break;
            await AllocateAsync(change, payment, invoice, minor, cancellation);
        }

        await change.CommitAsync(cancellation);
        return new(invoice.PaidMinor - before, Currency.Parse(invoice.Currency));
    }

    /// <summary>Allocates new money and books it: one entry for all.</summary>
    internal static async Task EnterAsync(
        PaymentChange change, PaymentRow payment, IReadOnlyList<InvoiceRow> invoices, DateOnly receivedOn,
        CancellationToken cancellation)
    {
        var posted = PaymentChange.Posted(payment);
        List<Posting> postings =
            [.. PaymentPostings.Received(posted, PaymentChange.Money(payment, payment.AmountMinor))];
        foreach (var invoice in invoices)
        {
            var minor = Math.Min(payment.FreeMinor, invoice.TotalMinor - invoice.PaidMinor);
            if (minor <= 0) continue;
            change.Allocate(payment, invoice, minor);
            postings.AddRange(PaymentPostings.Allocated(posted, PaymentChange.Money(payment, minor), invoice.Id));
        }

        await change.PostAsync(
            EntryKind.PaymentReceived, $"payment:{payment.Id}", payment, receivedOn, postings, cancellation);
    }

    /// <summary>Moves free money to an invoice, or back (below zero), and books it.</summary>
    internal static async Task AllocateAsync(
        PaymentChange change, PaymentRow payment, InvoiceRow invoice, long minor, CancellationToken cancellation)
    {
        List<Posting> postings = [];
        if (payment.CustomerId is null)
        {
            payment.CustomerId = invoice.CustomerId;
            postings.AddRange(PaymentPostings.Identified(
                PaymentChange.Posted(payment), PaymentChange.Money(payment, payment.FreeMinor)));
        }

        var allocation = change.Allocate(payment, invoice, minor);
        // The entry is named after the allocation's number, which the database gives.
        await change.SaveAsync(cancellation);
        postings.AddRange(PaymentPostings.Allocated(
            PaymentChange.Posted(payment), PaymentChange.Money(payment, minor), invoice.Id));
        await change.PostAsync(
            EntryKind.PaymentAllocated, $"allocation:{allocation.Id}", payment,
            await change.TodayAsync(payment.EntityId, cancellation), postings, cancellation);
    }

    static void RequireFit(PaymentRow payment, InvoiceRow invoice, string pointer)
    {
        if (!InvoiceStates.IsOpen(invoice.State)) throw NotOpen(invoice, pointer);
        if (invoice.Currency != payment.Currency)
            throw PaymentRefusedException.Invalid(
                "currency_mismatch", $"The invoice is in {invoice.Currency}, the payment in {payment.Currency}.",
                pointer);
        if (invoice.EntityId != payment.EntityId)
            throw PaymentRefusedException.Invalid(
                "entity_mismatch", "The invoice is another entity's than the one that the money came to.", pointer);
        if (payment.CustomerId is { } customer && customer != invoice.CustomerId)
            throw PaymentRefusedException.Invalid(
                "customer_mismatch", "The invoice is another customer's than the payment.", pointer);
    }

    internal static PaymentRefusedException NotOpen(InvoiceRow invoice, string? pointer) =>
        PaymentRefusedException.Conflict(
            "invoice_not_open",
            $"{InvoiceId.Format(invoice.Id)} is {InvoiceId.Name(invoice.State)}: only issued and partly paid invoices "
            + "take payments.",
            pointer);

    static Task<PaymentRow?> FindAsync(PaymentChange change, string externalId, CancellationToken cancellation) =>
        change.Db.Payments.SingleOrDefaultAsync(
            row => row.AccountId == change.Account.Value && row.Method == WireTransfer.MethodName
                && row.ExternalId == externalId,
            cancellation);

    static string NewId() => "by-hand-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
}

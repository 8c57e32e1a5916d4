using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Payments.Wire;
using Received.Billing.Store;

namespace Received.Billing.Payments;

/// <summary>
/// What a transfer is for. Who records it is believed, or refused where it cannot be; what a payer wrote is only a
/// hint: what does not fit in it is passed over, since the money is there all the same.
/// </summary>
/// <param name="CustomerId">Null: nobody knows.</param>
/// <param name="Invoices">To be paid in this order.</param>
sealed record TransferAim(long EntityId, long? CustomerId, IReadOnlyList<InvoiceRow> Invoices)
{
    public static async Task<TransferAim> FindAsync(
        PaymentChange change, TransferRecord transfer, CancellationToken cancellation)
    {
        var customer = await CustomerAsync(change, transfer.CustomerRef, cancellation);
        var entity = await EntityAsync(change, transfer.EntityRef, cancellation);
        var invoices = transfer.Invoices is { Count: > 0 } named
            ? await NamedAsync(change, transfer, named, cancellation)
            : await HintedAsync(change, transfer, customer, entity, cancellation);
        if (invoices is [var first, ..])
        {
            RequireOne(invoices, customer ?? first.CustomerId, entity ?? first.EntityId);
            return new(first.EntityId, first.CustomerId, invoices);
        }

        entity ??= await OnlyEntityAsync(change, cancellation);
        if (customer is null || transfer.Rest == RestRule.Credit) return new(entity.Value, customer, []);
        var currency = transfer.Amount.Currency.Code;
        return new(
            entity.Value, customer,
            await change.Db.Invoices
                .Where(row => row.AccountId == change.Account.Value && row.CustomerId == customer
                    && row.EntityId == entity && row.Currency == currency
                    && (row.State == InvoiceState.Issued || row.State == InvoiceState.PartlyPaid))
                .OrderBy(row => row.DueDay).ThenBy(row => row.Id).ToListAsync(cancellation));
    }

    static async Task<List<InvoiceRow>> NamedAsync(
        PaymentChange change, TransferRecord transfer, IReadOnlyList<long> named, CancellationToken cancellation)
    {
        List<InvoiceRow> invoices = [];
        for (var index = 0; index < named.Count; index++)
        {
            var pointer = $"/invoices/{index}";
            var invoice = await change.InvoiceAsync(named[index], cancellation, pointer);
            if (!InvoiceStates.IsOpen(invoice.State)) throw PaymentBook.NotOpen(invoice, pointer);
            if (invoice.Currency != transfer.Amount.Currency.Code)
                throw PaymentRefusedException.Invalid(
                    "currency_mismatch",
                    $"The invoice is in {invoice.Currency}, the transfer in {transfer.Amount.Currency.Code}.", pointer);
            if (!invoices.Contains(invoice)) invoices.Add(invoice);
        }

        return invoices;
    }

    static async Task<List<InvoiceRow>> HintedAsync(
        PaymentChange change, TransferRecord transfer, long? customer, long? entity, CancellationToken cancellation)
    {
        List<InvoiceRow> invoices = [];
        foreach (var id in ReferenceText.InvoicesIn(transfer.Reference).Take(TransferRecord.InvoicesMax))
        {
            var invoice = await change.FindInvoiceAsync(id, cancellation);
            if (invoice is null || !InvoiceStates.IsOpen(invoice.State)
                || invoice.Currency != transfer.Amount.Currency.Code
                || invoice.CustomerId != (customer ?? invoice.CustomerId)
                || invoice.EntityId != (entity ?? invoice.EntityId)) continue;
            (customer, entity) = (invoice.CustomerId, invoice.EntityId);
            invoices.Add(invoice);
        }

        return invoices;
    }

    static void RequireOne(IReadOnlyList<InvoiceRow> invoices, long customer, long entity)
    {
        for (var index = 0; index < invoices.Count; index++)
        {
            if (invoices[index].CustomerId != customer)
                throw PaymentRefusedException.Invalid(
                    "customer_mismatch", "All invoices of a transfer must be one customer's.", $"/invoices/{index}");
            if (invoices[index].EntityId != entity)
                throw PaymentRefusedException.Invalid(
                    "entity_mismatch", "All invoices of a transfer must be one entity's.", $"/invoices/{index}");
        }
    }

    static async Task<long?> CustomerAsync(PaymentChange change, string? reference, CancellationToken cancellation)
    {
        if (reference is null) return null;
        var row = await change.Db.Customers.AsNoTracking().SingleOrDefaultAsync(
            row => row.AccountId == change.Account.Value && row.Ref == reference, cancellation);
        return row?.Id ?? throw PaymentRefusedException.NotFound("customer", $"'{reference}'", "/customer_ref");
    }

    static async Task<long?> EntityAsync(PaymentChange change, string? reference, CancellationToken cancellation)
    {
        if (reference is null) return null;
        var row = await change.Db.Entities.AsNoTracking().SingleOrDefaultAsync(
            row => row.AccountId == change.Account.Value && row.Ref == reference, cancellation);
        return row?.Id ?? throw PaymentRefusedException.NotFound("entity", $"'{reference}'", "/entity_ref");
    }

    static async Task<long> OnlyEntityAsync(PaymentChange change, CancellationToken cancellation)
    {
        var ids = await change.Db.Entities.Where(row => row.AccountId == change.Account.Value)
            .Select(row => row.Id).Take(2).ToListAsync(cancellation);
        return ids is [var only]
            ? only
            : throw PaymentRefusedException.Invalid(
                "entity_missing", "Say whose bank account it came to: the account has not exactly one entity.",
                "/entity_ref");
    }
}

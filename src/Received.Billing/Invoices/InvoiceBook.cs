using Microsoft.EntityFrameworkCore;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Invoices;

/// <summary>An invoice as it stands.</summary>
/// <param name="Number">"INV-000017"; null for a draft.</param>
public sealed record ListedInvoice(
    long Id, string? Number, InvoiceState State, DateTimeOffset? IssuedAt, Money Total, Money Paid,
    InvoiceRecord Record)
{
    public Money Open => State == InvoiceState.Void ? Money.Zero(Total.Currency) : Total - Paid;
}

public enum InvoiceChange
{
    Done,
    Unknown,

    /// <summary>Its state does not allow it.</summary>
    Refused,
}

/// <summary>
/// The invoices of an account: listed, previewed, issued where they wait for a person, voided. What an invoice says is
/// never changed (law 10).
/// </summary>
public sealed class InvoiceBook(BillingStore store, CycleTotalsReader totals, TimeProvider time)
{
    public const int PageMax = 500;

    /// <summary>In the order of their ids.</summary>
    /// <param name="customerRef">Null for all customers.</param>
    public async Task<IReadOnlyList<ListedInvoice>> ListAsync(
        AccountId account, string? customerRef, InvoiceState? state, long after, int limit,
        CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = db.Invoices.AsNoTracking().Where(row => row.AccountId == account.Value && row.Id > after);
        if (state is not null) rows = rows.Where(row => row.State == state);
        if (customerRef is not null)
            rows = rows.Where(row => db.Customers.Any(customer => customer.Id == row.CustomerId
                && customer.AccountId == account.Value && customer.Ref == customerRef));
        var page = await rows.OrderBy(row => row.Id).Take(Math.Min(limit, PageMax + 1)).ToListAsync(cancellation);
        return [.. page.Select(FromRow)];
    }

    /// <summary>Null where the account has no such invoice.</summary>
    public async Task<ListedInvoice?> FindAsync(AccountId account, long id, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var row = await db.Invoices.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == id && row.AccountId == account.Value, cancellation);
        return row is null ? null : FromRow(row);
    }

    /// <summary>
    /// The next invoices of a contract as they would be at this moment: one, or one for each entity, currency or line
    /// that it invoices apart. Null where the account has no such contract; empty where nothing is to come.
    /// </summary>
    /// <exception cref="BillingDataException">It cannot be priced; the message says why.</exception>
    public async Task<NextInvoices?> NextAsync(
        AccountId account, string contractRef, CancellationToken cancellation = default)
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        await using var db = store.Context();
        var id = await db.Contracts.Where(row => row.AccountId == account.Value && row.Ref == contractRef)
            .Select(row => (long?)row.Id).SingleOrDefaultAsync(cancellation);
        if (id is null) return null;
        var page = await BillingPage.ReadAsync(db, [id.Value], cancellation);
        if (page.Broken is [var broken, ..]) throw new BillingDataException(broken.Reason);
        var contract = page.Contracts[0];
        var open = contract.Cycles.Where(cycle => cycle.State == CycleState.Open).ToList();
        var first = open.Select(cycle => cycle.IssueAtMs).DefaultIfEmpty().Min();
        var next = open.Where(cycle => cycle.IssueAtMs == first).ToList();
        var reading = new CycleReading(page, totals);
        var run = new ContractRun(page, reading, await totals.GateAsync(cancellation), nowMs);
        foreach (var cycle in run.Wanted(contract).Union(next)) reading.Want(contract, cycle);
        await reading.ReadAsync(cancellation);
        await page.ReadDocumentsAsync(db, run.GivingBack(contract), cancellation);
        return run.Preview(contract, next);
    }

    /// <summary>Issues a draft.</summary>
    public async Task<InvoiceChange> IssueAsync(
        AccountId account, long id, string actor, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var row = await TakeAsync(db, account, id, cancellation);
        if (row is null) return InvoiceChange.Unknown;
        if (row.State != InvoiceState.Draft) return InvoiceChange.Refused;
        var record = Dated(InvoiceRecord.FromJson(row.Document));
        row.IssueDay = CivilDay.Number(record.IssueDate);
        row.DueDay = CivilDay.Number(record.DueDate);
        row.Document = record.ToJson();
        await InvoiceCommit.IssueAsync(db, row, record, row.CreatedAtMs, actor, time, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return InvoiceChange.Done;
    }

    /// <summary>
    /// Reverses an unpaid invoice: its entries by entries of their own, its charges by revisions of their own, so that
    /// the next run bills its cycles anew. Its number stays taken.
    /// </summary>
    public async Task<InvoiceChange> VoidAsync(
        AccountId account, long id, string actor, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var row = await TakeAsync(db, account, id, cancellation);
        if (row is null) return InvoiceChange.Unknown;
        if (InvoiceStates.After(row.State, InvoiceAct.Void) is not { } state) return InvoiceChange.Refused;
        await Books.AddVoidAsync(db, row, time, cancellation);
        row.State = state;
        await ReverseChargesAsync(db, row, cancellation);
        InvoiceCommit.Tell(db, row, "invoice.voided", actor, time);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return InvoiceChange.Done;
    }

    /// <summary>It is issued today, and due as long after it as it would have been: numbers follow dates.</summary>
    InvoiceRecord Dated(InvoiceRecord draft)
    {
        var today = Instant.FromDateTimeOffset(time.GetUtcNow()).InZone(CivilTime.Zone(draft.Zone)).Date.ToDateOnly();
        var days = draft.DueDate.DayNumber - draft.IssueDate.DayNumber;
        return draft with { IssueDate = today, DueDate = today.AddDays(days) };
    }

    static Task<InvoiceRow?> TakeAsync(
        BillingDb db, AccountId account, long id, CancellationToken cancellation) =>
        db.Invoices.SingleOrDefaultAsync(row => row.Id == id && row.AccountId == account.Value, cancellation);

    static async Task ReverseChargesAsync(BillingDb db, InvoiceRow invoice, CancellationToken cancellation)
    {
        var voided = await db.Charges.AsNoTracking().Where(charge => charge.InvoiceId == invoice.Id)
            .ToListAsync(cancellation);
        var ids = voided.Select(charge => charge.CycleId).ToList();
        var cycles = await db.Cycles.Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancellation);
        var all = (await db.Charges.AsNoTracking().Where(charge => ids.Contains(charge.CycleId))
            .ToListAsync(cancellation)).ToLookup(charge => charge.CycleId);
        foreach (var charge in voided)
        {
            var before = all[charge.CycleId].FirstOrDefault(other => other.Revision == charge.Revision - 1);
            var last = all[charge.CycleId].MaxBy(other => other.Revision)!;
            var cycle = cycles[charge.CycleId];
            cycle.Revision++;
            var quantity = last.Quantity - (charge.Quantity - (before?.Quantity ?? 0));
            var stands = all[charge.CycleId].Sum(other => other.AmountMinor) - charge.AmountMinor;
            // Where other revisions of it stand, what is missing is late; else it is billed anew as a whole.
            if (cycle.State != CycleState.GivenUp)
                cycle.State = stands == 0 && quantity == 0 ? CycleState.Open : CycleState.Billed;
            db.Charges.Add(new()
            {
                AccountId = charge.AccountId,
                CycleId = charge.CycleId,
                Revision = cycle.Revision,
                InvoiceId = invoice.Id,
                Generation = last.Generation,
                NextOffset = last.NextOffset,
                EventCount = last.EventCount - (charge.EventCount - (before?.EventCount ?? 0)),
                Quantity = quantity,
                AmountMinor = -charge.AmountMinor,
                Currency = charge.Currency,
            });
        }
    }

    static ListedInvoice FromRow(InvoiceRow row)
    {
        var currency = Currency.Parse(row.Currency);
        return new(
            row.Id, row.Number is { } number ? InvoiceId.Number(row.Series, number) : null, row.State,
            row.IssuedAtMs is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
            new(row.TotalMinor, currency), new(row.PaidMinor, currency), InvoiceRecord.FromJson(row.Document));
    }
}

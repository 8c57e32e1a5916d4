using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Invoices;

/// <summary>
/// Writes one invoice: its charges, cycles, number, entries, outbox and audit trail, in one transaction. Whoever comes
/// second finds the cycles changed and writes nothing; where the database lets two in, the unique revision refuses one
/// (law 6).
/// </summary>
sealed class InvoiceCommit(BillingStore store, TimeProvider time)
{
    const string Actor = "invoicer";

    /// <summary>The state that it was made in; null where its cycles were charged or changed meanwhile.</summary>
    public async Task<InvoiceState?> MakeAsync(
        BillingContract contract, InvoiceToMake invoice, CancellationToken cancellation)
    {
        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var cycles = await TakeAsync(db, contract, invoice, cancellation);
        if (cycles is null) return null;
        var row = ToRow(contract, invoice);
        db.Invoices.Add(row);
        await db.SaveChangesAsync(cancellation);
        foreach (var (charge, cycle) in invoice.Charges.Zip(cycles))
        {
            db.Charges.Add(ToRow(charge, row));
            cycle.Revision = charge.Revision;
            if (cycle.State == CycleState.Open) cycle.State = CycleState.Billed;
        }

        if (invoice.IssuesAlone) await IssueAsync(
                db, row, invoice.Record, invoice.ReadAtMs, Actor, time, cancellation);
        else AuditTrail.Add(db, contract.Account, Actor, "invoice.drafted", InvoiceId.Format(row.Id), "", time);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return row.State;
    }

    /// <summary>
    /// Gives a draft its number, books it and tells of it; within the caller's transaction, which saves.
    /// </summary>
    /// <param name="readAtMs">When the figures of the record were read.</param>
    public static async Task IssueAsync(
        BillingDb db, InvoiceRow row, InvoiceRecord record, long readAtMs, string actor, TimeProvider time,
        CancellationToken cancellation)
    {
        row.State = InvoiceStates.After(row.State, InvoiceAct.Issue)
            ?? throw new InvalidOperationException($"An invoice that is {row.State} cannot be issued.");
        // Gapless: the counter is raised in this transaction, and goes back with it. A sequence would leave gaps.
        row.Number = (await db.Database.SqlQuery<long>(
            $"""
            INSERT INTO series_counters (entity_id, series, last) VALUES ({row.EntityId}, {row.Series}, 1)
            ON CONFLICT (entity_id, series) DO UPDATE SET last = last + 1 RETURNING last
            """).ToListAsync(cancellation))[0];
        row.IssuedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (row.TotalMinor == 0)
            row.State = InvoiceStates.After(row.State, InvoiceAct.PayAll)!.Value;
        var newer = await RecognisedSinceAsync(db, record, readAtMs, cancellation);
        await Books.AddInvoiceAsync(db, ToFacts(row, record, newer), time, cancellation);
        Tell(db, row, "invoice.issued", actor, time);
    }

    /// <summary>Notes what happened for those who follow, and who did it.</summary>
    public static void Tell(BillingDb db, InvoiceRow row, string kind, string actor, TimeProvider time)
    {
        var subject = InvoiceId.Format(row.Id);
        db.Outbox.Add(new()
        {
            AccountId = row.AccountId,
            Kind = kind,
            Subject = subject,
            Payload = $$"""{"invoice":"{{subject}}","state":"{{InvoiceId.Name(row.State)}}"}""",
            CreatedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        });
        var number = row.Number is null ? "" : InvoiceId.Number(row.Series, row.Number.Value);
        AuditTrail.Add(db, new(row.AccountId), actor, kind, subject, number, time);
    }

    /// <summary>See <see cref="BillingContract.CustomerVersions"/>.</summary>
    public static Task<long> CustomerVersionsAsync(
        BillingDb db, BillingContract contract, CancellationToken cancellation) =>
        db.Contracts.Where(row => row.CustomerId == contract.Customer.Id)
            .SumAsync(row => (long)row.LatestVersion, cancellation);

    static async Task<List<CycleRow>?> TakeAsync(
        BillingDb db, BillingContract contract, InvoiceToMake invoice, CancellationToken cancellation)
    {
        if (await CustomerVersionsAsync(db, contract, cancellation) != invoice.CustomerVersions) return null;
        var ids = invoice.Charges.Select(charge => charge.Row.Id).ToList();
        var rows = await db.Cycles.Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancellation);
        var taken = new List<CycleRow>();
        foreach (var seen in invoice.Charges.Select(charge => charge.Row))
        {
            if (!rows.TryGetValue(seen.Id, out var row) || row.Revision != seen.Revision || row.State != seen.State
                || row.EndMs != seen.EndMs) return null;
            taken.Add(row);
        }

        return taken;
    }

    /// <summary>
    /// Cycles whose revenue was booked after the invoice's figures were read: by a close, or a later revision while
    /// this
    /// was a draft. What they have earned is known better by then.
    /// </summary>
    static async Task<HashSet<long>> RecognisedSinceAsync(
        BillingDb db, InvoiceRecord record, long readAtMs, CancellationToken cancellation)
    {
        var ids = record.Charges.Select(charge => charge.CycleId).ToList();
        var booked =
            from posting in db.Postings
            join entry in db.Entries on posting.EntryId equals entry.Id
            where posting.CycleId != null && ids.Contains(posting.CycleId.Value)
                && entry.Kind == EntryKind.RevenueRecognised && entry.CreatedAtMs > readAtMs
            select posting.CycleId!.Value;
        return [.. await booked.Distinct().ToListAsync(cancellation)];
    }

    /// <param name="newer">Cycles of which nothing is to be recognised.</param>
    static InvoiceFacts ToFacts(InvoiceRow row, InvoiceRecord record, HashSet<long> newer)
    {
        var currency = Currency.Parse(row.Currency);
        return new(
            new(row.AccountId), row.EntityId, row.Id, row.CustomerId, row.IssueDay, currency,
            new(row.TaxMinor, currency),
            [
                .. record.Charges.Select(charge => new ChargeFacts(
                    charge.CycleId, charge.Revision, charge.ProductRef, Read(charge.Amount, currency),
                    [
                        .. charge.Earned.Where(_ => !newer.Contains(charge.CycleId)).Select(earned => new MonthAmount(
                            AccountingMonths.Parse(earned.Month), Read(earned.Amount, currency))),
                    ])),
            ]);
    }

    InvoiceRow ToRow(BillingContract contract, InvoiceToMake invoice)
    {
        var record = invoice.Record;
        var currency = Currency.Parse(record.Currency);
        return new()
        {
            AccountId = contract.Row.AccountId,
            EntityId = invoice.Entity.Id,
            CustomerId = contract.Customer.Id,
            ContractId = contract.Row.Id,
            State = InvoiceState.Draft,
            Series = invoice.Entity.Series,
            Currency = record.Currency,
            IssueDay = CivilDay.Number(record.IssueDate),
            DueDay = CivilDay.Number(record.DueDate),
            CreatedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            NetMinor = Read(record.Net, currency).Minor,
            TaxMinor = Read(record.Tax, currency).Minor,
            TotalMinor = Read(record.Total, currency).Minor,
            PaidMinor = 0,
            Document = record.ToJson(),
        };
    }

    static ChargeRow ToRow(PendingCharge charge, InvoiceRow invoice) => new()
    {
        AccountId = invoice.AccountId,
        CycleId = charge.Row.Id,
        Revision = charge.Revision,
        InvoiceId = invoice.Id,
        Generation = charge.Position?.Generation ?? 0,
        NextOffset = charge.Position?.Next ?? 0,
        EventCount = charge.Priced.EventCount,
        Quantity = charge.Priced.Quantity,
        AmountMinor = charge.Amount.Minor,
        Currency = charge.Amount.Currency.Code,
    };

    static Money Read(string text, Currency currency) => Money.TryParse(text, currency, out var money)
        ? money
        : throw new BillingDataException(string.Create(
            CultureInfo.InvariantCulture, $"{text} {currency.Code} is past {Money.MinorLimit} minor units."));
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>
/// One change of an account's payments: rows, invoice states, entries and audit trail in one transaction. Invariants:
/// free + allocated + refunded = amount of every payment; no invoice has more allocated than its total; every movement
/// has its entry. It takes the database's write lock when it begins, so what it has read stays so until it is
/// committed.
/// </summary>
sealed class PaymentChange : IAsyncDisposable
{
    readonly TimeProvider _time;
    readonly IDbContextTransaction _transaction;
    readonly Dictionary<long, EntityRow> _entities = [];

    PaymentChange(BillingDb db, IDbContextTransaction transaction, AccountId account, string actor, TimeProvider time)
    {
        (Db, Account, Actor) = (db, account, actor);
        (_transaction, _time) = (transaction, time);
    }

    public BillingDb Db { get; }

    public AccountId Account { get; }

    public string Actor { get; }

    public long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public static async Task<PaymentChange> BeginAsync(
        BillingStore store, TimeProvider time, AccountId account, string actor, CancellationToken cancellation)
    {
        var db = store.Context();
        try
        {
            // BEGIN IMMEDIATE in SQLite.
            return new(db, await db.Database.BeginTransactionAsync(cancellation), account, actor, time);
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await Db.DisposeAsync();
    }

    /// <summary>The same transaction on behalf of the account that a notice turned out to be about.</summary>
    public PaymentChange For(AccountId account) => new(Db, _transaction, account, Actor, _time);

    public Task SaveAsync(CancellationToken cancellation) => Db.SaveChangesAsync(cancellation);

    public async Task CommitAsync(CancellationToken cancellation)
    {
        await Db.SaveChangesAsync(cancellation);
        await _transaction.CommitAsync(cancellation);
    }

    /// <exception cref="PaymentRefusedException">The account has none of that id.</exception>
    public async Task<PaymentRow> PaymentAsync(long id, CancellationToken cancellation) =>
        await Db.Payments.SingleOrDefaultAsync(row => row.Id == id && row.AccountId == Account.Value, cancellation)
        ?? throw PaymentRefusedException.NotFound("payment", PaymentIds.Payment(id));

    public Task<InvoiceRow?> FindInvoiceAsync(long id, CancellationToken cancellation) =>
        Db.Invoices.SingleOrDefaultAsync(row => row.Id == id && row.AccountId == Account.Value, cancellation);

    /// <exception cref="PaymentRefusedException">The account has none of that id.</exception>
    public async Task<InvoiceRow> InvoiceAsync(long id, CancellationToken cancellation, string? pointer = null) =>
        await FindInvoiceAsync(id, cancellation)
        ?? throw PaymentRefusedException.NotFound("invoice", InvoiceId.Format(id), pointer);

    public async Task<EntityRow> EntityAsync(long id, CancellationToken cancellation)
    {
        if (_entities.TryGetValue(id, out var known)) return known;
        return _entities[id] = await Db.Entities
            .SingleAsync(row => row.Id == id && row.AccountId == Account.Value, cancellation);
    }

    /// <summary>The civil day of an instant where the entity keeps its books.</summary>
    public async Task<DateOnly> DayAsync(long entityId, DateTimeOffset at, CancellationToken cancellation)
    {
        var zone = CivilTime.Zone((await EntityAsync(entityId, cancellation)).Zone);
        return Instant.FromDateTimeOffset(at).InZone(zone).Date.ToDateOnly();
    }

    public Task<DateOnly> TodayAsync(long entityId, CancellationToken cancellation) =>
        DayAsync(entityId, _time.GetUtcNow(), cancellation);

    /// <summary>Enters money once it is known to be new, all of it free.</summary>
    public async Task<PaymentRow> AddPaymentAsync(
        NewPayment payment, DateOnly receivedOn, CancellationToken cancellation)
    {
        var row = new PaymentRow
        {
            AccountId = Account.Value,
            EntityId = payment.EntityId,
            CustomerId = payment.CustomerId,
            Method = payment.Method,
            ExternalId = payment.ExternalId,
            Currency = payment.Amount.Currency.Code,
            AmountMinor = payment.Amount.Minor,
            FreeMinor = payment.Amount.Minor,
            RefundedMinor = 0,
            ReceivedDay = CivilDay.Number(receivedOn),
            RecordedAtMs = NowMs,
            TriedAtMs = NowMs,
            Reference = payment.Reference,
        };
        Db.Payments.Add(row);
        await Db.SaveChangesAsync(cancellation);
        return row;
    }

    /// <summary>Gives part of a payment to an invoice, or takes it back (below zero). The entry is the
    /// caller's.</summary>
    /// <exception cref="PaymentRefusedException">There is not so much free, or not so much open.</exception>
    public AllocationRow Allocate(PaymentRow payment, InvoiceRow invoice, long minor)
    {
        var paid = checked(invoice.PaidMinor + minor);
        var free = checked(payment.FreeMinor - minor);
        if (free < 0 || paid < 0 || paid > invoice.TotalMinor)
            throw PaymentRefusedException.Conflict(
                "allocation_too_large",
                $"{PaymentIds.Payment(payment.Id)} has {payment.FreeMinor} free and {InvoiceId.Format(invoice.Id)} "
                + $"{invoice.TotalMinor - invoice.PaidMinor} open (in minor units); {minor} is more.");
        var next = InvoiceStates.After(invoice.State, InvoiceStates.ActOf(paid, invoice.TotalMinor))
            ?? throw PaymentRefusedException.Conflict(
                "invoice_not_open",
                $"{InvoiceId.Format(invoice.Id)} is {InvoiceId.Name(invoice.State)}: it takes no payment.");
        (payment.FreeMinor, invoice.PaidMinor, invoice.State) = (free, paid, next);
        var allocation = new AllocationRow
        {
            AccountId = Account.Value,
            PaymentId = payment.Id,
            InvoiceId = invoice.Id,
            AmountMinor = minor,
            AtMs = NowMs,
            Actor = Actor,
        };
        Db.Allocations.Add(allocation);
        Audit(
            minor > 0 ? "payment.allocated" : "payment.released", PaymentIds.Payment(payment.Id),
            $"{Money(payment, minor)} {InvoiceId.Format(invoice.Id)}");
        return allocation;
    }

    /// <summary>Books postings about a payment, in the month of the day or the first open one.</summary>
    public async Task PostAsync(
        EntryKind kind, string source, PaymentRow payment, DateOnly day, IEnumerable<Posting> postings,
        CancellationToken cancellation)
    {
        var entity = payment.EntityId;
        var date = (await OpenPeriods.ReadAsync(Db, entity, cancellation)).At(CivilDay.Number(day));
        Books.Add(
            Db, Account, entity,
            [
                new(
                    kind, source, date.Period, date.Day, Currency.Parse(payment.Currency),
                    PaymentPostings.Merge(postings), date.LateOf),
            ], _time);
    }

    public void Audit(string action, string subject, string detail) =>
        AuditTrail.Add(Db, Account, Actor, action, subject, detail, _time);

    public static PostedPayment Posted(PaymentRow payment) => new(payment.Id, payment.Method, payment.CustomerId);

    public static Money Money(PaymentRow payment, long minor) => new(minor, Currency.Parse(payment.Currency));
}

/// <param name="CustomerId">Null where nobody knows whose it is.</param>
sealed record NewPayment(
    long EntityId, long? CustomerId, string Method, string ExternalId, Money Amount, string Reference);

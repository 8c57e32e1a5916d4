using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Catalog;

/// <summary>An entry of the catalog as it stands now.</summary>
/// <param name="Version">From 1; a change names the one that it replaces.</param>
public sealed record CatalogEntry<TFields>(string Ref, int Version, DateTimeOffset ChangedAt, TFields Fields);

/// <param name="After">Where the next page begins; null on the last one.</param>
public sealed record CatalogPage<TEntry>(IReadOnlyList<TEntry> Items, long? After);

/// <summary>
/// What the books of the catalog do alike: create, change, find and list, always within one account (law 12). Two
/// changes at once: one is refused, by the version that the database compares.
/// </summary>
/// <param name="kind">"customer": names audit records.</param>
/// <param name="make">A row of the fields; its account, reference and version are set afterwards.</param>
/// <param name="check">Null where the fields are good; the row is the one to be changed.</param>
sealed class CatalogTable<TRow, TFields>(
    BillingStore store, TimeProvider time, string kind, Func<CatalogKey, TFields, TRow> make, Func<TRow, TFields> read,
    Func<TFields, TRow?, Refusal?> check)
    where TRow : CatalogRow
{
    public async Task<Outcome<CatalogEntry<TFields>>> CreateAsync(
        AccountId account, string actor, string reference, TFields fields, CancellationToken cancellation)
    {
        if (!FieldCheck.IsRef(reference) || check(fields, null) is not null)
        {
            var names = new FieldCheck();
            names.Ref("/ref", reference);
            return names.First ?? check(fields, null)!;
        }

        await using var db = store.Context();
        var row = make(new(0, account, reference, 1, NowMs()), fields);
        db.Set<TRow>().Add(row);
        AuditTrail.Add(db, account, actor, kind + ".created", reference, "version 1", time);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException e) when (BrokenConstraint.Is(e))
        {
            return new Refusal(RefusalKind.Taken, "/ref", $"There is a {kind} of this reference; change it with PUT.");
        }

        return ToEntry(row);
    }

    public async Task<Outcome<CatalogEntry<TFields>>> ChangeAsync(
        AccountId account, string actor, string reference, int version, TFields fields,
        CancellationToken cancellation)
    {
        await using var db = store.Context();
        var row = await Find(db, account, reference).SingleOrDefaultAsync(cancellation);
        if (row is null) return new Refusal(RefusalKind.Missing, "", $"There is no {kind} of this reference.");
        if (row.Version != version) return Stale(row.Version);
        if (check(fields, row) is { } refusal) return refusal;
        db.Entry(row).CurrentValues.SetValues(make(new(row.Id, account, reference, version + 1, NowMs()), fields));
        AuditTrail.Add(db, account, actor, kind + ".changed", reference, $"version {version + 1}", time);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateConcurrencyException)
        {
            return Stale(null);
        }

        return ToEntry(row);
    }

    /// <summary>Null where the account has none; another account's is none.</summary>
    public async Task<CatalogEntry<TFields>?> FindAsync(
        AccountId account, string reference, CancellationToken cancellation)
    {
        await using var db = store.Context();
        var row = await Find(db, account, reference).AsNoTracking().SingleOrDefaultAsync(cancellation);
        return row is null ? null : ToEntry(row);
    }

    /// <summary>In the order in which they were created.</summary>
    public async Task<CatalogPage<CatalogEntry<TFields>>> ListAsync(
        AccountId account, long after, int limit, bool withArchived, CancellationToken cancellation)
    {
        await using var db = store.Context();
        var rows = await db.Set<TRow>().AsNoTracking()
            .Where(row => row.AccountId == account.Value && row.Id > after && (withArchived || !row.IsArchived))
            .OrderBy(row => row.Id).Take(limit + 1).ToListAsync(cancellation);
        return new([.. rows.Take(limit).Select(ToEntry)], rows.Count > limit ? rows[limit - 1].Id : null);
    }

    static IQueryable<TRow> Find(BillingDb db, AccountId account, string reference) =>
        db.Set<TRow>().Where(row => row.AccountId == account.Value && row.Ref == reference);

    Refusal Stale(int? version) => new(
        RefusalKind.Stale, "/version",
        $"The {kind} was changed since{(version is { } now ? $": it has version {now}" : "")}. Read it again.");

    CatalogEntry<TFields> ToEntry(TRow row) => new(
        row.Ref, row.Version, DateTimeOffset.FromUnixTimeMilliseconds(row.ChangedAtMs), read(row));

    long NowMs() => time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>What every row of the catalog begins with.</summary>
readonly record struct CatalogKey(long Id, AccountId Account, string Ref, int Version, long ChangedAtMs);

using Microsoft.EntityFrameworkCore;
using Received.Billing.Catalog;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>A version of a contract, with what is the same in all of them.</summary>
/// <param name="Latest">The contract's newest version.</param>
/// <param name="EffectiveAtMs">It holds from here to the next version's; the first one also before.</param>
public sealed record ContractEntry(
    string Ref, string CustomerRef, string Zone, int Number, int Latest, long EffectiveAtMs, ContractTerms Terms,
    DateTimeOffset CreatedAt, string Actor);

/// <summary>
/// The contracts: created, followed by versions, read in any version, never changed (law 10). A version is written
/// only if every check holds against what is stored at that moment: the check and the write are one transaction, which
/// has the database's write lock from its start.
/// </summary>
public sealed class ContractBook(BillingStore store, TimeProvider time)
{
    /// <summary>A change a day for years; every new one is checked against all of the customer's.</summary>
    const int VersionsMax = 2_000;

    /// <summary>Nothing is planned so far ahead, and all of its days have instants.</summary>
    static readonly long EffectiveLimitMs =
        new DateTimeOffset(9000, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <param name="effectiveAtMs">Null: the start of its first line.</param>
    public async Task<Outcome<ContractEntry>> CreateAsync(
        AccountId account, string actor, string reference, string customerRef, string zone, ContractTerms terms,
        long? effectiveAtMs = null, CancellationToken cancellation = default)
    {
        var check = new FieldCheck();
        check.Ref("/ref", reference);
        check.Ref("/customer_ref", customerRef);
        check.Zone("/zone", zone);
        if (check.First is { } wrong) return wrong;
        var local = CivilTime.Zone(zone);
        if (TermsCheck.Check(terms, local) is { } mistake) return mistake;
        var effective = effectiveAtMs ?? terms.Lines.Min(line => CivilTime.StartOfDay(line.Start, local));
        if (CheckInstant(effective) is { } uneven) return uneven;

        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var customer = await db.Customers.AsNoTracking().SingleOrDefaultAsync(
            row => row.AccountId == account.Value && row.Ref == customerRef, cancellation);
        if (customer is null) return Refusal.Invalid("/customer_ref", "There is no customer of this reference.");
        if (customer.IsArchived) return Refusal.Invalid("/customer_ref", "This customer is archived.");
        var row = new ContractRow
        {
            AccountId = account.Value,
            Ref = reference,
            CustomerId = customer.Id,
            Zone = zone,
            LatestVersion = 0,
            CreatedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        db.Contracts.Add(row);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException e) when (BrokenConstraint.Is(e))
        {
            return new Refusal(
                RefusalKind.Taken, "/ref", "There is a contract of this reference; post a version of it.");
        }

        var version = new ContractVersion(1, effective, terms);
        if (await CheckStoredAsync(db, row, version, [], cancellation) is { } refusal) return refusal;
        return await WriteAsync(db, row, customerRef, null, version, actor, cancellation);
    }

    /// <param name="follows">The version that the caller has read: the newest one, or the write is refused.</param>
    /// <param name="effectiveAtMs">Null: now, rounded up to a boundary of windows.</param>
    public async Task<Outcome<ContractEntry>> AddVersionAsync(
        AccountId account, string actor, string reference, int follows, ContractTerms terms,
        long? effectiveAtMs = null, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var row = await db.Contracts.SingleOrDefaultAsync(
            row => row.AccountId == account.Value && row.Ref == reference, cancellation);
        if (row is null) return new Refusal(RefusalKind.Missing, "", "There is no contract of this reference.");
        if (row.LatestVersion != follows)
            return new Refusal(
                RefusalKind.Stale, "/version",
                $"The contract has version {row.LatestVersion} by now. Read it again.");
        if (follows >= VersionsMax)
            return Refusal.Invalid("/version", $"A contract has at most {VersionsMax} versions: make another one.");
        var zone = CivilTime.Zone(row.Zone);
        if (TermsCheck.Check(terms, zone) is { } mistake) return mistake;
        var effective = effectiveAtMs ?? RoundUp(time.GetUtcNow().ToUnixTimeMilliseconds());
        if (CheckInstant(effective) is { } uneven) return uneven;

        var versions = await ReadVersionsAsync(db, [row.Id], cancellation);
        var before = versions[row.Id][^1];
        if (effective < before.EffectiveAtMs)
            return Refusal.Invalid(
                "/effective_at",
                $"It must not be before version {before.Number}, which takes effect at {Shown(before.EffectiveAtMs)}.");
        if (TermsCheck.CheckChange(before.Terms, terms, effective, zone) is { } change) return change;
        var version = new ContractVersion(follows + 1, effective, terms);
        if (await CheckStoredAsync(db, row, version, before.Terms.Lines, cancellation) is { } refusal) return refusal;
        if (await CheckTaxAsync(db, row.Id, before.Terms, version, cancellation) is { } taxed) return taxed;
        var customer = await db.Customers.AsNoTracking().SingleAsync(c => c.Id == row.CustomerId, cancellation);
        return await WriteAsync(db, row, customer.Ref, before.Terms, version, actor, cancellation);
    }

    /// <param name="number">Null: the newest.</param>
    /// <returns>Null where the account has no such contract or version.</returns>
    public async Task<ContractEntry?> FindAsync(
        AccountId account, string reference, int? number = null, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var found = await Entries(db, account)
            .Where(entry => entry.Contract.Ref == reference
                && entry.Version.Number == (number ?? entry.Contract.LatestVersion))
            .SingleOrDefaultAsync(cancellation);
        return found?.ToEntry();
    }

    /// <summary>Each in its newest version, in the order in which they were created.</summary>
    /// <param name="customerRef">Null: of all customers.</param>
    /// <param name="after"><see cref="CatalogPage{TEntry}.After"/> of the page before, or 0.</param>
    public async Task<CatalogPage<ContractEntry>> ListAsync(
        AccountId account, string? customerRef, long after, int limit, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = await Entries(db, account)
            .Where(entry => entry.Version.Number == entry.Contract.LatestVersion && entry.Contract.Id > after
                && (customerRef == null || entry.CustomerRef == customerRef))
            .OrderBy(entry => entry.Contract.Id).Take(limit + 1).ToListAsync(cancellation);
        return new(
            [.. rows.Take(limit).Select(row => row.ToEntry())],
            rows.Count > limit ? rows[limit - 1].Contract.Id : null);
    }

    /// <summary>All versions of a contract, the newest first.</summary>
    /// <param name="after"><see cref="CatalogPage{TEntry}.After"/> of the page before, or 0.</param>
    /// <returns>Null where the account has no such contract.</returns>
    public async Task<CatalogPage<ContractEntry>?> ListVersionsAsync(
        AccountId account, string reference, long after, int limit, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = await Entries(db, account)
            .Where(entry => entry.Contract.Ref == reference && (after == 0 || entry.Version.Number < after))
            .OrderByDescending(entry => entry.Version.Number).Take(limit + 1).ToListAsync(cancellation);
        if (rows.Count == 0 && after == 0) return null;
        return new(
            [.. rows.Take(limit).Select(row => row.ToEntry())],
            rows.Count > limit ? rows[limit - 1].Version.Number : null);
    }

    /// <summary>All versions of some contracts, in the order of their numbers.</summary>
    internal static async Task<Dictionary<long, List<ContractVersion>>> ReadVersionsAsync(
        BillingDb db, IReadOnlyCollection<long> contractIds, CancellationToken cancellation)
    {
        var rows = await db.ContractVersions.AsNoTracking().Where(row => contractIds.Contains(row.ContractId))
            .OrderBy(row => row.Number).ToListAsync(cancellation);
        return rows.GroupBy(row => row.ContractId).ToDictionary(
            group => group.Key,
            group => group.Select(TermsJson.ReadVersion).ToList());
    }

    static IQueryable<StoredEntry> Entries(BillingDb db, AccountId account) =>
        from contract in db.Contracts.AsNoTracking()
        where contract.AccountId == account.Value
        join customer in db.Customers on contract.CustomerId equals customer.Id
        join version in db.ContractVersions on contract.Id equals version.ContractId
        select new StoredEntry { Contract = contract, CustomerRef = customer.Ref, Version = version };

    /// <summary>What the terms name must be the account's own; lines of the customer must go together.</summary>
    static async Task<Refusal?> CheckStoredAsync(
        BillingDb db, ContractRow row, ContractVersion version, IReadOnlyList<LineTerms> known,
        CancellationToken cancellation)
    {
        var terms = version.Terms;
        var (entityRefs, productRefs) = (
            terms.Lines.Select(line => line.EntityRef).Distinct().ToList(),
            terms.Lines.Select(line => line.ProductRef).Distinct().ToList());
        var entities = await db.Entities.AsNoTracking()
            .Where(entity => entity.AccountId == row.AccountId && entityRefs.Contains(entity.Ref))
            .ToDictionaryAsync(entity => entity.Ref, entity => entity.IsArchived, cancellation);
        var products = await db.Products.AsNoTracking()
            .Where(product => product.AccountId == row.AccountId && productRefs.Contains(product.Ref))
            .ToDictionaryAsync(product => product.Ref, product => product.IsArchived, cancellation);
        // A line that was there before may go on with what was archived since.
        var old = known.Select(line => line.LineRef).ToHashSet();
        for (var at = 0; at < terms.Lines.Count; at++)
        {
            var line = terms.Lines[at];
            if (CheckNamed(products, line.ProductRef, old.Contains(line.LineRef), "product", at) is { } product)
                return product;
            if (CheckNamed(entities, line.EntityRef, old.Contains(line.LineRef), "entity", at) is { } entity)
                return entity;
        }

        return await CheckTogetherAsync(db, row, version, cancellation);
    }

    static Refusal? CheckNamed(
        Dictionary<string, bool> archived, string reference, bool isKnown, string kind, int at)
    {
        var pointer = TermsCheck.Pointer(at, kind + "_ref");
        if (!archived.TryGetValue(reference, out var isArchived))
            return Refusal.Invalid(pointer, $"There is no {kind} of this reference.");
        return isArchived && !isKnown ? Refusal.Invalid(pointer, $"This {kind} is archived.") : null;
    }

    static async Task<Refusal?> CheckTogetherAsync(
        BillingDb db, ContractRow row, ContractVersion version, CancellationToken cancellation)
    {
        var contracts = await db.Contracts.AsNoTracking().Where(other => other.CustomerId == row.CustomerId)
            .ToDictionaryAsync(other => other.Id, other => other.Zone, cancellation);
        var versions = await ReadVersionsAsync(db, contracts.Keys, cancellation);
        if (!versions.TryGetValue(row.Id, out var own)) versions.Add(row.Id, own = []);
        own.Add(version);
        var spans = versions.SelectMany(
            contract => LineSpans.Of(contract.Key, contracts[contract.Key], contract.Value));
        return LinesTogether.Check(spans, row.Id, version.Terms);
    }

    /// <summary>
    /// A revision charges another amount, and its tax with it; that the same amount is taxed otherwise, none can say.
    /// </summary>
    async Task<Refusal?> CheckTaxAsync(
        BillingDb db, long contractId, ContractTerms before, ContractVersion version, CancellationToken cancellation)
    {
        var was = before.Lines.ToDictionary(line => line.LineRef, line => line.Tax);
        var changed = version.Terms.Lines
            .Where(line => was.TryGetValue(line.LineRef, out var tax) && tax != line.Tax)
            .Select(line => line.LineRef).ToList();
        if (changed.Count == 0) return null;
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        // A fee billed ahead keeps the tax that it was billed with; what is over must not change in silence.
        var last = await db.Cycles
            .Where(row => row.ContractId == contractId && changed.Contains(row.LineRef)
                && row.EndMs > version.EffectiveAtMs && row.EndMs <= nowMs
                && db.Charges.Where(charge => charge.CycleId == row.Id).Sum(charge => charge.AmountMinor) != 0)
            .OrderByDescending(row => row.EndMs).Select(row => new { row.LineRef, row.EndMs })
            .FirstOrDefaultAsync(cancellation);
        return last is null
            ? null
            : Refusal.Invalid(
                "/effective_at",
                $"Line '{last.LineRef}' is invoiced up to {Shown(last.EndMs)} with the tax before, and no later "
                + "invoice corrects the tax of an earlier one: let the version take effect then or later, or void "
                + "those invoices first.");
    }

    async Task<Outcome<ContractEntry>> WriteAsync(
        BillingDb db, ContractRow row, string customerRef, ContractTerms? before, ContractVersion version,
        string actor, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        row.LatestVersion = version.Number;
        db.ContractVersions.Add(new ContractVersionRow
        {
            ContractId = row.Id,
            Number = version.Number,
            EffectiveAtMs = version.EffectiveAtMs,
            Terms = TermsJson.Write(version.Terms),
            CreatedAtMs = now.ToUnixTimeMilliseconds(),
            Actor = actor,
        });
        AuditTrail.Add(
            db, new(row.AccountId), actor, version.Number == 1 ? "contract.created" : "contract.changed", row.Ref,
            $"version {version.Number} from {Shown(version.EffectiveAtMs)}", time);
        await db.SaveChangesAsync(cancellation);
        var reopened = await Reopening.RunAsync(db, row, before, version, cancellation);
        if (reopened > CyclePlanner.AtOnceMax)
            return Refusal.Invalid(
                "/effective_at",
                $"It would change the price of {reopened} cycles that are settled, and at most "
                + $"{CyclePlanner.AtOnceMax} can be billed anew at once: let it take effect later.");
        // Its cycles are there with it: the next one can be previewed at once.
        var plan = await CyclePlanner.PlanAsync(db, row.Id, now, cancellation);
        if (plan.Problems.Count > 0) return Refusal.Invalid("/lines", plan.Problems[0].Reason);
        if (plan.Made > CyclePlanner.AtOnceMax)
            return Refusal.Invalid(
                "/lines",
                $"Its lines have {plan.Made} cycles up to now, and at most {CyclePlanner.AtOnceMax} can be made at "
                + "once: let lines start later, or spread them over several contracts.");
        await db.Database.CommitTransactionAsync(cancellation);
        return new ContractEntry(
            row.Ref, customerRef, row.Zone, version.Number, version.Number, version.EffectiveAtMs, version.Terms,
            DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()), actor);
    }

    static Refusal? CheckInstant(long effectiveAtMs) =>
        !UsageWindow.IsBoundary(effectiveAtMs) || effectiveAtMs < 0 || effectiveAtMs > EffectiveLimitMs
            ? Refusal.Invalid(
                "/effective_at", "It must be on a quarter of an hour, such as 2026-03-01T00:00:00Z, from 1970 on.")
            : null;

    static long RoundUp(long ms) => (ms + UsageWindow.LengthMs - 1) / UsageWindow.LengthMs * UsageWindow.LengthMs;

    static string Shown(long ms) =>
        DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    sealed class StoredEntry
    {
        public required ContractRow Contract { get; init; }

        public required string CustomerRef { get; init; }

        public required ContractVersionRow Version { get; init; }

        public ContractEntry ToEntry() => new(
            Contract.Ref, CustomerRef, Contract.Zone, Version.Number, Contract.LatestVersion, Version.EffectiveAtMs,
            TermsJson.Read(Version.Terms), DateTimeOffset.FromUnixTimeMilliseconds(Version.CreatedAtMs),
            Version.Actor);
    }
}

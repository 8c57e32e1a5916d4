using System.Text.RegularExpressions;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Catalog;

/// <param name="Address">Lines, without name and country.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
/// <param name="Zone">IANA zone in which its accounting months begin; fixed once it is created.</param>
/// <param name="Series">What its invoices' numbers begin with. Another one begins a new series of numbers.</param>
public sealed record EntityFields(
    string Name, IReadOnlyList<string> Address, string Country, string Zone, string Series = "INV-",
    string? TaxId = null, string? RegisterNumber = null, string? Email = null, string? BankName = null,
    string? Iban = null, string? Bic = null, bool IsArchived = false);

/// <summary>The legal entities of an account: they issue invoices, are paid and keep books.</summary>
public sealed partial class EntityBook(BillingStore store, TimeProvider time)
{
    internal const int NumberLengthMax = 60;

    readonly CatalogTable<EntityRow, EntityFields> _table = new(store, time, "entity", Make, Read, Check);

    public Task<Outcome<CatalogEntry<EntityFields>>> CreateAsync(
        AccountId account, string actor, string reference, EntityFields fields,
        CancellationToken cancellation = default) =>
        _table.CreateAsync(account, actor, reference, Compact(fields), cancellation);

    /// <param name="version">The one that the change replaces.</param>
    public Task<Outcome<CatalogEntry<EntityFields>>> ChangeAsync(
        AccountId account, string actor, string reference, int version, EntityFields fields,
        CancellationToken cancellation = default) =>
        _table.ChangeAsync(account, actor, reference, version, Compact(fields), cancellation);

    public Task<CatalogEntry<EntityFields>?> FindAsync(
        AccountId account, string reference, CancellationToken cancellation = default) =>
        _table.FindAsync(account, reference, cancellation);

    /// <param name="after"><see cref="CatalogPage{TEntry}.After"/> of the page before, or 0.</param>
    public Task<CatalogPage<CatalogEntry<EntityFields>>> ListAsync(
        AccountId account, long after, int limit, bool withArchived, CancellationToken cancellation = default) =>
        _table.ListAsync(account, after, limit, withArchived, cancellation);

    static EntityFields Compact(EntityFields fields) => fields with { Iban = FieldCheck.Compact(fields.Iban) };

    static Refusal? Check(EntityFields fields, EntityRow? row)
    {
        var check = new FieldCheck();
        check.Text("/name", fields.Name);
        check.Address("/address", fields.Address);
        check.Country("/country", fields.Country);
        check.Zone("/zone", fields.Zone);
        // Charges were cut at its months; in another zone the same usage would belong to others.
        check.Require(
            row is null || row.Zone == fields.Zone, "/zone",
            $"An entity's zone is fixed ({row?.Zone}): its books are cut at that zone's months. Make another entity.");
        check.Require(
            SeriesPattern().IsMatch(fields.Series), "/series",
            "It must have 1 to 20 characters: letters, digits, '-', '/', '.' or '_'.");
        check.Text("/tax_id", fields.TaxId, NumberLengthMax);
        check.Text("/register_number", fields.RegisterNumber);
        check.Email("/email", fields.Email);
        check.Text("/bank_name", fields.BankName);
        check.Iban("/iban", fields.Iban);
        check.Bic("/bic", fields.Bic);
        return check.First;
    }

    static EntityRow Make(CatalogKey key, EntityFields fields) => new()
    {
        Id = key.Id,
        AccountId = key.Account.Value,
        Ref = key.Ref,
        Version = key.Version,
        ChangedAtMs = key.ChangedAtMs,
        Name = fields.Name,
        Address = string.Join('\n', fields.Address),
        Country = fields.Country,
        TaxId = fields.TaxId,
        RegisterNumber = fields.RegisterNumber,
        Email = fields.Email,
        BankName = fields.BankName,
        Iban = fields.Iban,
        Bic = fields.Bic,
        Zone = fields.Zone,
        Series = fields.Series,
        IsArchived = fields.IsArchived,
    };

    static EntityFields Read(EntityRow row) => new(
        row.Name, row.Address.Split('\n'), row.Country, row.Zone, row.Series, row.TaxId, row.RegisterNumber, row.Email,
        row.BankName, row.Iban, row.Bic, row.IsArchived);

    [GeneratedRegex("^[A-Za-z0-9/._-]{1,20}\\z")]
    private static partial Regex SeriesPattern();
}

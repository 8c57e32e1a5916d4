using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Catalog;

/// <param name="Address">Lines, without name and country.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
/// <param name="Language">BCP 47, of documents.</param>
public sealed record CustomerFields(
    string Name, IReadOnlyList<string> Address, string Country, string? TaxId = null, string? Email = null,
    string Language = "en", bool IsArchived = false);

/// <summary>Who is billed; usage events name it by its reference, before or after it is entered here.</summary>
public sealed class CustomerBook(BillingStore store, TimeProvider time)
{
    readonly CatalogTable<CustomerRow, CustomerFields> _table = new(store, time, "customer", Make, Read, Check);

    public Task<Outcome<CatalogEntry<CustomerFields>>> CreateAsync(
        AccountId account, string actor, string reference, CustomerFields fields,
        CancellationToken cancellation = default) =>
        _table.CreateAsync(account, actor, reference, fields, cancellation);

    /// <param name="version">The one that the change replaces.</param>
    public Task<Outcome<CatalogEntry<CustomerFields>>> ChangeAsync(
        AccountId account, string actor, string reference, int version, CustomerFields fields,
        CancellationToken cancellation = default) =>
        _table.ChangeAsync(account, actor, reference, version, fields, cancellation);

    public Task<CatalogEntry<CustomerFields>?> FindAsync(
        AccountId account, string reference, CancellationToken cancellation = default) =>
        _table.FindAsync(account, reference, cancellation);

    /// <param name="after"><see cref="CatalogPage{TEntry}.After"/> of the page before, or 0.</param>
    public Task<CatalogPage<CatalogEntry<CustomerFields>>> ListAsync(
        AccountId account, long after, int limit, bool withArchived, CancellationToken cancellation = default) =>
        _table.ListAsync(account, after, limit, withArchived, cancellation);

    static Refusal? Check(CustomerFields fields, CustomerRow? row)
    {
        var check = new FieldCheck();
        check.Text("/name", fields.Name);
        check.Address("/address", fields.Address);
        check.Country("/country", fields.Country);
        check.Text("/tax_id", fields.TaxId, EntityBook.NumberLengthMax);
        check.Email("/email", fields.Email);
        check.Language("/language", fields.Language);
        return check.First;
    }

    static CustomerRow Make(CatalogKey key, CustomerFields fields) => new()
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
        Email = fields.Email,
        Language = fields.Language,
        IsArchived = fields.IsArchived,
    };

    static CustomerFields Read(CustomerRow row) => new(
        row.Name, row.Address.Split('\n'), row.Country, row.TaxId, row.Email, row.Language, row.IsArchived);
}

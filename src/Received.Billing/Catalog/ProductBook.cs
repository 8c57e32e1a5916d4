using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Catalog;

/// <param name="Unit">As documents show it, such as "GB"; may be empty.</param>
public sealed record ProductFields(string Name, string Unit, bool IsArchived = false);

/// <summary>What can be sold: usage events and contract lines name it.</summary>
public sealed class ProductBook(BillingStore store, TimeProvider time)
{
    const int UnitLengthMax = 40;

    readonly CatalogTable<ProductRow, ProductFields> _table = new(store, time, "product", Make, Read, Check);

    public Task<Outcome<CatalogEntry<ProductFields>>> CreateAsync(
        AccountId account, string actor, string reference, ProductFields fields,
        CancellationToken cancellation = default) =>
        _table.CreateAsync(account, actor, reference, fields, cancellation);

    /// <param name="version">The one that the change replaces.</param>
    public Task<Outcome<CatalogEntry<ProductFields>>> ChangeAsync(
        AccountId account, string actor, string reference, int version, ProductFields fields,
        CancellationToken cancellation = default) =>
        _table.ChangeAsync(account, actor, reference, version, fields, cancellation);

    public Task<CatalogEntry<ProductFields>?> FindAsync(
        AccountId account, string reference, CancellationToken cancellation = default) =>
        _table.FindAsync(account, reference, cancellation);

    /// <param name="after"><see cref="CatalogPage{TEntry}.After"/> of the page before, or 0.</param>
    public Task<CatalogPage<CatalogEntry<ProductFields>>> ListAsync(
        AccountId account, long after, int limit, bool withArchived, CancellationToken cancellation = default) =>
        _table.ListAsync(account, after, limit, withArchived, cancellation);

    static Refusal? Check(ProductFields fields, ProductRow? row)
    {
        var check = new FieldCheck();
        check.Text("/name", fields.Name);
        check.Text("/unit", fields.Unit, UnitLengthMax, mayBeEmpty: true);
        return check.First;
    }

    static ProductRow Make(CatalogKey key, ProductFields fields) => new()
    {
        Id = key.Id,
        AccountId = key.Account.Value,
        Ref = key.Ref,
        Version = key.Version,
        ChangedAtMs = key.ChangedAtMs,
        Name = fields.Name,
        Unit = fields.Unit,
        IsArchived = fields.IsArchived,
    };

    static ProductFields Read(ProductRow row) => new(row.Name, row.Unit, row.IsArchived);
}

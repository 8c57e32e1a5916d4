using System.Text.Json.Serialization;

namespace Received.Server.Api.Billing;

// What the catalog's routes take and answer. Fields of answers that are absent have no value.

sealed record EntityBody(
    string? Ref, int? Version, string Name, IReadOnlyList<string> Address, string Country, string Zone, string? Series,
    string? TaxId, string? RegisterNumber, string? Email, string? BankName, string? Iban, string? Bic, bool? Archived);

sealed record EntityItem(
    string Ref, int Version, string ChangedAt, string Name, IReadOnlyList<string> Address, string Country, string Zone,
    string Series, string? TaxId, string? RegisterNumber, string? Email, string? BankName, string? Iban, string? Bic,
    bool Archived);

sealed record EntitiesPage(IReadOnlyList<EntityItem> Items, string? NextCursor);

sealed record CustomerBody(
    string? Ref, int? Version, string Name, IReadOnlyList<string> Address, string Country, string? TaxId, string? Email,
    string? Language, bool? Archived);

sealed record CustomerItem(
    string Ref, int Version, string ChangedAt, string Name, IReadOnlyList<string> Address, string Country,
    string? TaxId, string? Email, string Language, bool Archived);

sealed record CustomersPage(IReadOnlyList<CustomerItem> Items, string? NextCursor);

sealed record ProductBody(string? Ref, int? Version, string Name, string? Unit, bool? Archived);

sealed record ProductItem(string Ref, int Version, string ChangedAt, string Name, string Unit, bool Archived);

sealed record ProductsPage(IReadOnlyList<ProductItem> Items, string? NextCursor);

/// <param name="EffectiveAt">An instant on a quarter of an hour.</param>
/// <param name="Version">When a version is added: the one that it follows.</param>
sealed record ContractBody(
    string? Ref, string? CustomerRef, string? Zone, int? Version, string? EffectiveAt, string? Grouping,
    int? PaymentDays, bool? AutoIssue, IReadOnlyList<LineItem> Lines);

/// <param name="Version">The one that is shown.</param>
/// <param name="LatestVersion">The contract's newest.</param>
/// <param name="CreatedBy">The key that wrote this version, or operator.</param>
sealed record ContractItem(
    string Ref, string CustomerRef, string Zone, int Version, int LatestVersion, string EffectiveAt, string CreatedAt,
    string CreatedBy, string Grouping, int PaymentDays, bool AutoIssue, IReadOnlyList<LineItem> Lines);

sealed record ContractsPage(IReadOnlyList<ContractItem> Items, string? NextCursor);

/// <param name="End">The first day that is no longer covered.</param>
sealed record LineItem(
    string LineRef, string ProductRef, string EntityRef, string? Description, PriceItem Price, CycleItem Cycle,
    string Timing, string? IssueDay, TaxItem Tax, string Start, string? End, bool? IsDefault);

/// <param name="Amount">Of a flat price, a decimal.</param>
/// <param name="UnitPrice">Of a price per unit, a decimal.</param>
sealed record PriceItem(string Model, string Currency, string? Amount, string? UnitPrice);

sealed record CycleItem(string? Unit, int? Count, string? Alignment, int? AnchorDay);

/// <param name="Rate">Percent, a decimal.</param>
sealed record TaxItem(string Name, string Rate, string? Note);

/// <summary>As the other answers: snake_case, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EntityBody))]
[JsonSerializable(typeof(EntityItem))]
[JsonSerializable(typeof(EntitiesPage))]
[JsonSerializable(typeof(CustomerBody))]
[JsonSerializable(typeof(CustomerItem))]
[JsonSerializable(typeof(CustomersPage))]
[JsonSerializable(typeof(ProductBody))]
[JsonSerializable(typeof(ProductItem))]
[JsonSerializable(typeof(ProductsPage))]
[JsonSerializable(typeof(ContractBody))]
[JsonSerializable(typeof(ContractItem))]
[JsonSerializable(typeof(ContractsPage))]
sealed partial class CatalogJson : JsonSerializerContext;

namespace Received.Billing.Store;

/// <summary>What entries of the catalog have in common; no table of its own.</summary>
abstract class CatalogRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required string Ref { get; set; }

    /// <summary>Raised by every change; a change that names an older one is refused.</summary>
    public required int Version { get; set; }

    public required bool IsArchived { get; set; }

    public required long ChangedAtMs { get; set; }
}

/// <summary>A legal entity of an account, which issues invoices and keeps books.</summary>
sealed class EntityRow : CatalogRow
{
    public required string Name { get; set; }

    /// <summary>Lines, with line feeds between them.</summary>
    public required string Address { get; set; }

    /// <summary>ISO 3166-1 alpha-2.</summary>
    public required string Country { get; set; }

    public string? TaxId { get; set; }

    public string? RegisterNumber { get; set; }

    public string? Email { get; set; }

    public string? BankName { get; set; }

    public string? Iban { get; set; }

    public string? Bic { get; set; }

    /// <summary>IANA zone in which its accounting months begin.</summary>
    public required string Zone { get; set; }

    /// <summary>What its invoices' numbers begin with; "INV-".</summary>
    public required string Series { get; set; }
}

sealed class CustomerRow : CatalogRow
{
    public required string Name { get; set; }

    /// <summary>Lines, with line feeds between them.</summary>
    public required string Address { get; set; }

    /// <summary>ISO 3166-1 alpha-2.</summary>
    public required string Country { get; set; }

    public string? TaxId { get; set; }

    public string? Email { get; set; }

    /// <summary>BCP 47, of documents: "en".</summary>
    public required string Language { get; set; }
}

sealed class ProductRow : CatalogRow
{
    public required string Name { get; set; }

    /// <summary>As documents show it: "calls", "GB"; may be empty.</summary>
    public required string Unit { get; set; }
}

sealed class ContractRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required string Ref { get; set; }

    public required long CustomerId { get; set; }

    /// <summary>IANA zone of its days and cycles.</summary>
    public required string Zone { get; set; }

    public required int LatestVersion { get; set; }

    public required long CreatedAtMs { get; set; }
}

/// <summary>Never changed (law 10).</summary>
sealed class ContractVersionRow
{
    public required long ContractId { get; set; }

    /// <summary>From 1.</summary>
    public required int Number { get; set; }

    /// <summary>On a window boundary; it holds until the next version's.</summary>
    public required long EffectiveAtMs { get; set; }

    /// <summary>Canonical JSON of ContractTerms.</summary>
    public required string Terms { get; set; }

    public required long CreatedAtMs { get; set; }

    public required string Actor { get; set; }
}

using Received.Model.Access;

namespace Received.Billing.Store;

/// <summary>
/// A tenant. Instants are milliseconds since 1970: SQLite orders them, and so does every other database.
/// </summary>
sealed class AccountRow
{
    public uint Id { get; set; }

    public required string Name { get; set; }

    public required bool AllowsNegativeQuantity { get; set; }

    public required long CreatedAtMs { get; set; }
}

/// <summary>An API key without its secret: only the SHA-256 of its text is kept (law 12).</summary>
sealed class ApiKeyRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required byte[] Hash { get; set; }

    public required Scopes Scopes { get; set; }

    public required string Label { get; set; }

    public required long CreatedAtMs { get; set; }

    public long? RevokedAtMs { get; set; }
}

namespace Received.Model.Access;

/// <summary>What a key may do. Stored: never renumber.</summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>"usage:write": report usage.</summary>
    UsageWrite = 1,

    /// <summary>"usage:read": totals and events of its own account.</summary>
    UsageRead = 2,

    /// <summary>"admin": the audit and other figures of the installation, which are not one account's.</summary>
    Admin = 4,

    /// <summary>"billing:read": catalog, contracts, invoices, payments and books of its own account.</summary>
    BillingRead = 8,

    /// <summary>"billing:write": to change them.</summary>
    BillingWrite = 16,
}

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
}

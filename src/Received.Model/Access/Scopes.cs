namespace Received.Model.Access;

/// <summary>What a key may do. Stored: never renumber.</summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>"usage:write": report usage.</summary>
    UsageWrite = 1,

    /// <summary>"usage:read": totals, events, audit of its own account.</summary>
    UsageRead = 2,
}

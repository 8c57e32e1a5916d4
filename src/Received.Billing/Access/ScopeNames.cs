using Received.Model.Access;

namespace Received.Billing.Access;

/// <summary>Scopes as text, in commands and lists.</summary>
public static class ScopeNames
{
    static readonly (Scopes Scope, string Name)[] Table =
    [
        (Scopes.UsageWrite, "usage:write"), (Scopes.UsageRead, "usage:read"), (Scopes.Admin, "admin"),
        (Scopes.BillingRead, "billing:read"), (Scopes.BillingWrite, "billing:write"),
    ];

    public static IReadOnlyList<string> All { get; } = [.. Table.Select(entry => entry.Name)];

    public static string Format(Scopes scopes) =>
        string.Join(' ', Table.Where(entry => scopes.HasFlag(entry.Scope)).Select(entry => entry.Name));

    /// <summary>False where one of the names is none of <see cref="All"/>.</summary>
    public static bool TryParse(IEnumerable<string> names, out Scopes scopes)
    {
        scopes = Scopes.None;
        foreach (var name in names)
        {
            var scope = Table.FirstOrDefault(entry => entry.Name == name).Scope;
            if (scope == Scopes.None) return false;
            scopes |= scope;
        }

        return true;
    }
}

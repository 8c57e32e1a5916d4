namespace Received.Server.Options;

/// <summary>What a process does; each role can run apart where log and usage store can be shared.</summary>
[Flags]
enum ServerRoles
{
    None = 0,

    /// <summary>Takes events.</summary>
    Ingest = 1,

    /// <summary>From the log to totals.</summary>
    Rate = 2,

    /// <summary>From the log to the archive of raw events.</summary>
    Archive = 4,

    /// <summary>From totals to invoices, payments and books.</summary>
    Bill = 8,

    All = Ingest | Rate | Archive | Bill,
}

/// <summary>Roles as text: names with commas between them.</summary>
static class RoleNames
{
    public const string All = "ingest,rate,archive,bill";

    static readonly (string Name, ServerRoles Role)[] Known =
        [("ingest", ServerRoles.Ingest), ("rate", ServerRoles.Rate), ("archive", ServerRoles.Archive),
            ("bill", ServerRoles.Bill)];

    public static bool TryParse(string text, out ServerRoles roles)
    {
        roles = ServerRoles.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var role = Known.FirstOrDefault(
                known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Role;
            if (role == ServerRoles.None) return false;
            roles |= role;
        }

        return true;
    }

    public static string Format(ServerRoles roles) =>
        string.Join(", ", Known.Where(known => roles.HasFlag(known.Role)).Select(known => known.Name));
}

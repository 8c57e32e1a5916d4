using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Access;

namespace Received.Billing.Access;

/// <summary>The accounts: made and listed, never deleted, because stored events name them.</summary>
public sealed class AccountBook(BillingStore store, TimeProvider time)
{
    public const int NameLengthMax = 100;

    /// <summary>Names are shown on command lines and in tables: printable, no spaces at the ends.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= NameLengthMax && name.Trim() == name && !name.Any(char.IsControl);

    /// <summary>Null where the name is taken: the unique constraint decides, not a look before it.</summary>
    /// <exception cref="ArgumentException">No valid name (<see cref="IsName"/>).</exception>
    public async Task<Account?> CreateAsync(
        string name, bool allowsNegativeQuantity, CancellationToken cancellation = default)
    {
        if (!IsName(name)) throw new ArgumentException("No valid account name.", nameof(name));
        await using var db = store.Context();
        var row = new AccountRow
        {
            Name = name,
            AllowsNegativeQuantity = allowsNegativeQuantity,
            CreatedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        db.Accounts.Add(row);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException e) when (BrokenConstraint.Is(e))
        {
            return null;
        }

        return FromRow(row);
    }

    public async Task<IReadOnlyList<ListedAccount>> ListAsync(CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = await db.Accounts.AsNoTracking().OrderBy(row => row.Id).ToListAsync(cancellation);
        return [.. rows.Select(row => new ListedAccount(
            FromRow(row), DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAtMs)))];
    }

    /// <summary>Null where no account has that name.</summary>
    public async Task<Account?> FindAsync(string name, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var row = await db.Accounts.AsNoTracking().SingleOrDefaultAsync(row => row.Name == name, cancellation);
        return row is null ? null : FromRow(row);
    }

    internal static Account FromRow(AccountRow row) => new(new AccountId(row.Id), row.Name, row.AllowsNegativeQuantity);
}

public sealed record ListedAccount(Account Account, DateTimeOffset CreatedAt);

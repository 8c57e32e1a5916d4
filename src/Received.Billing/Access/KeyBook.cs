using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model.Access;

namespace Received.Billing.Access;

/// <summary>
/// The API keys: made, listed, revoked. A key's text is shown once, when it is made; what is kept cannot give it back.
/// </summary>
public sealed class KeyBook(BillingStore store, TimeProvider time)
{
    public const string SecretPrefix = "rk_";
    public const int LabelLengthMax = 200;

    const string IdPrefix = "key_";
    const int SecretBytes = 32;

    public async Task<NewKey> CreateAsync(
        Account account, Scopes scopes, string label, CancellationToken cancellation = default)
    {
        var secret = SecretPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        await using var db = store.Context();
        var row = new ApiKeyRow
        {
            AccountId = account.Id.Value,
            Hash = SHA256.HashData(Encoding.ASCII.GetBytes(secret)),
            Scopes = scopes,
            Label = label,
            CreatedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        db.ApiKeys.Add(row);
        await db.SaveChangesAsync(cancellation);
        return new(FormatId(row.Id), secret);
    }

    public async Task<IReadOnlyList<ListedKey>> ListAsync(CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = await db.ApiKeys.AsNoTracking()
            .Join(db.Accounts, key => key.AccountId, account => account.Id, (key, account) => new { key, account.Name })
            .OrderBy(row => row.key.Id)
            .ToListAsync(cancellation);
        return [.. rows.Select(row => new ListedKey(
            FormatId(row.key.Id), row.Name, row.key.Scopes, row.key.Label,
            DateTimeOffset.FromUnixTimeMilliseconds(row.key.CreatedAtMs),
            row.key.RevokedAtMs is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null))];
    }

    /// <summary>Revoking twice changes nothing: the first instant stays.</summary>
    public async Task<Revocation> RevokeAsync(string keyId, CancellationToken cancellation = default)
    {
        if (!keyId.StartsWith(IdPrefix, StringComparison.Ordinal)
            || !long.TryParse(keyId.AsSpan(IdPrefix.Length), out var id)) return Revocation.Unknown;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await using var db = store.Context();
        var changed = await db.ApiKeys.Where(row => row.Id == id && row.RevokedAtMs == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAtMs, now), cancellation);
        if (changed > 0) return Revocation.Revoked;
        return await db.ApiKeys.AnyAsync(row => row.Id == id, cancellation)
            ? Revocation.RevokedBefore
            : Revocation.Unknown;
    }

    internal async Task<AccessSnapshot> ReadSnapshotAsync(CancellationToken cancellation)
    {
        await using var db = store.Context();
        var rows = await db.ApiKeys.AsNoTracking().Where(row => row.RevokedAtMs == null)
            .Join(db.Accounts, key => key.AccountId, account => account.Id, (key, account) => new { key, account })
            .ToListAsync(cancellation);
        var accounts = new Dictionary<uint, Account>();
        var keys = new Dictionary<KeyHash, Principal>(rows.Count);
        foreach (var row in rows)
        {
            if (!accounts.TryGetValue(row.account.Id, out var account))
                accounts.Add(row.account.Id, account = AccountBook.FromRow(row.account));
            keys.Add(KeyHash.Read(row.key.Hash), new(account, FormatId(row.key.Id), row.key.Scopes));
        }

        return new(keys);
    }

    static string FormatId(long id) => IdPrefix + id;
}

/// <param name="Secret">The key's text: "rk_" and 43 characters. This is the only time that it is to be had.</param>
public sealed record NewKey(string KeyId, string Secret);

public sealed record ListedKey(
    string KeyId, string AccountName, Scopes Scopes, string Label, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

public enum Revocation
{
    Revoked,
    RevokedBefore,
    Unknown,
}

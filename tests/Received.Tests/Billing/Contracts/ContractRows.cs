using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model.Contracts;
using Xunit;

namespace Received.Tests.Billing.Contracts;

/// <summary>A billing database with an account and a customer, and short ways to put contracts into it.</summary>
sealed class ContractRows : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("received-contracts-").FullName;

    public BillingStore Store { get; private set; } = null!;

    public static async Task<ContractRows> OpenAsync()
    {
        var rows = new ContractRows();
        rows.Store = await BillingStore.OpenAsync(rows._folder);
        await using var db = rows.Store.Context();
        db.Accounts.Add(new() { Name = "acme", AllowsNegativeQuantity = false, CreatedAtMs = 0 });
        await db.SaveChangesAsync();
        db.Customers.Add(new()
        {
            AccountId = 1,
            Ref = "c",
            Version = 1,
            Name = "C",
            Address = "",
            Country = "DE",
            Language = "en",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        await db.SaveChangesAsync();
        return rows;
    }

    /// <summary>A contract with its first version; returns its row's id.</summary>
    public async Task<long> AddAsync(string reference, string zone, params LineTerms[] lines)
    {
        await using var db = Store.Context();
        var row = new ContractRow
        {
            AccountId = 1,
            Ref = reference,
            CustomerId = 1,
            Zone = zone,
            LatestVersion = 1,
            CreatedAtMs = 0,
        };
        db.Contracts.Add(row);
        await db.SaveChangesAsync();
        db.ContractVersions.Add(Version(row.Id, 1, 0, lines));
        await db.SaveChangesAsync();
        return row.Id;
    }

    /// <summary>A further version of a contract.</summary>
    public async Task ChangeAsync(long contract, string effectiveAt, params LineTerms[] lines)
    {
        await using var db = Store.Context();
        var row = await db.Contracts.SingleAsync(found => found.Id == contract);
        row.LatestVersion++;
        db.ContractVersions.Add(Version(contract, row.LatestVersion, CycleLines.Ms(effectiveAt), lines));
        await db.SaveChangesAsync();
    }

    public async Task<List<CycleRow>> CyclesAsync(long contract, string lineRef = "calls")
    {
        await using var db = Store.Context();
        return await db.Cycles.AsNoTracking().Where(row => row.ContractId == contract && row.LineRef == lineRef)
            .OrderBy(row => row.Number).ToListAsync();
    }

    /// <summary>What the invoicer does to a cycle's row.</summary>
    public async Task ChargeAsync(long contract, int number, CycleState state = CycleState.Billed)
    {
        await using var db = Store.Context();
        Assert.Equal(1, await db.Cycles.Where(row => row.ContractId == contract && row.Number == number)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state).SetProperty(row => row.Revision, 1)));
    }

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    static ContractVersionRow Version(long contract, int number, long effectiveAtMs, LineTerms[] lines) => new()
    {
        ContractId = contract,
        Number = number,
        EffectiveAtMs = effectiveAtMs,
        Terms = TermsJson.Write(new(InvoiceGrouping.Collective, 30, true, lines)),
        CreatedAtMs = 0,
        Actor = "t",
    };
}

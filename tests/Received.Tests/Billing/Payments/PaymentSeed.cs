using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Store;

namespace Received.Tests.Billing.Payments;

/// <summary>
/// What payments need to be there, as rows: accounts 1 and 2 with an entity "e" and customers "c1" and "c2" each.
/// </summary>
static class PaymentSeed
{
    public static async Task AccountAsync(BillingStore store, string name)
    {
        await using var db = store.Context();
        db.Accounts.Add(new() { Name = name, AllowsNegativeQuantity = false, CreatedAtMs = 0 });
        await db.SaveChangesAsync();
    }

    public static async Task CatalogAsync(BillingStore store, uint account)
    {
        await using var db = store.Context();
        db.Entities.Add(new()
        {
            Id = account,
            AccountId = account,
            Ref = "e",
            Version = 1,
            Name = "Seller",
            Address = "",
            Country = "DE",
            Zone = "Europe/Berlin",
            Series = "INV-",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        await db.SaveChangesAsync();
        for (var customer = 1; customer <= 2; customer++)
            db.Customers.Add(new()
            {
                Id = CustomerId(account, customer),
                AccountId = account,
                Ref = $"c{customer}",
                Version = 1,
                Name = $"Customer {customer}",
                Address = "",
                Country = "DE",
                Language = "en",
                IsArchived = false,
                ChangedAtMs = 0,
            });
        await db.SaveChangesAsync();
        db.Contracts.Add(new()
        {
            Id = account,
            AccountId = account,
            Ref = "k",
            CustomerId = CustomerId(account, 1),
            Zone = "UTC",
            LatestVersion = 1,
            CreatedAtMs = 0,
        });
        await db.SaveChangesAsync();
    }

    /// <param name="customer">1 or 2.</param>
    public static async Task<long> InvoiceAsync(
        BillingStore store, long totalMinor, uint account = 1, int customer = 1,
        InvoiceState state = InvoiceState.Issued, string currency = "EUR", int dueDay = 20_530)
    {
        await using var db = store.Context();
        var row = new InvoiceRow
        {
            AccountId = account,
            EntityId = account,
            CustomerId = CustomerId(account, customer),
            ContractId = account,
            State = state,
            Series = "INV-",
            Number = await db.Invoices.CountAsync(other => other.EntityId == account) + 1,
            Currency = currency,
            IssueDay = 20_500,
            DueDay = dueDay,
            CreatedAtMs = 0,
            NetMinor = totalMinor,
            TaxMinor = 0,
            TotalMinor = totalMinor,
            PaidMinor = 0,
            Document = "{}",
        };
        db.Invoices.Add(row);
        await db.SaveChangesAsync();
        return row.Id;
    }

    static long CustomerId(uint account, int customer) => ((account - 1) * 2) + customer;
}

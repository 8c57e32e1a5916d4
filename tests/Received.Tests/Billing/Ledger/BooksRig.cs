using Received.Billing.Invoices;
using Received.Billing.Store;

namespace Received.Tests.Billing.Ledger;

/// <summary>A billing database with two accounts, an entity and a customer each: of account n they have the id
/// n.</summary>
sealed class BooksRig
{
    BooksRig(BillingStore store) => Store = store;

    public BillingStore Store { get; }

    public static async Task<BooksRig> OpenAsync(string folder)
    {
        var store = await BillingStore.OpenAsync(folder);
        await using var db = store.Context();
        for (uint account = 1; account <= 2; account++)
        {
            db.Accounts.Add(new()
            {
                Name = $"account {account}",
                AllowsNegativeQuantity = false,
                CreatedAtMs = 0,
            });
            await db.SaveChangesAsync();
            db.Entities.Add(new()
            {
                AccountId = account,
                Ref = "acme-de",
                Version = 1,
                Name = "Acme GmbH",
                Address = "",
                Country = "DE",
                Zone = "Europe/Berlin",
                Series = "INV-",
                IsArchived = false,
                ChangedAtMs = 0,
            });
            db.Customers.Add(new()
            {
                AccountId = account,
                Ref = "globex",
                Version = 1,
                Name = "Globex",
                Address = "",
                Country = "DE",
                Language = "en",
                IsArchived = false,
                ChangedAtMs = 0,
            });
            await db.SaveChangesAsync();
            db.Contracts.Add(new()
            {
                AccountId = account,
                Ref = "contract",
                CustomerId = account,
                Zone = "Europe/Berlin",
                LatestVersion = 1,
                CreatedAtMs = 0,
            });
            await db.SaveChangesAsync();
        }

        return new(store);
    }

    public static InvoiceRow Invoice(
        long id, InvoiceState state, long totalMinor, long paidMinor, int issueDay = 0, int dueDay = 0) => new()
        {
            Id = id,
            AccountId = 1,
            EntityId = 1,
            CustomerId = 1,
            ContractId = 1,
            State = state,
            Series = "INV-",
            Number = id,
            Currency = "EUR",
            IssueDay = issueDay,
            DueDay = dueDay,
            CreatedAtMs = 0,
            NetMinor = totalMinor,
            TaxMinor = 0,
            TotalMinor = totalMinor,
            PaidMinor = paidMinor,
            Document = "{}",
        };

    public static PaymentRow Payment(long id, long? customer, long amountMinor, long freeMinor) => new()
    {
        Id = id,
        AccountId = 1,
        EntityId = 1,
        CustomerId = customer,
        Method = "wire",
        ExternalId = $"{id}",
        Currency = "EUR",
        AmountMinor = amountMinor,
        FreeMinor = freeMinor,
        RefundedMinor = 0,
        ReceivedDay = 0,
        RecordedAtMs = 0,
        TriedAtMs = 0,
        Reference = "",
    };
}

using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Xunit;

namespace Received.Faults;

/// <summary>Contracts of the first account, of a customer each: a fee of 10.00 and units at 0.50 for one month, 19 % on
/// top.</summary>
static class MonthlyContracts
{
    static readonly Currency Eur = Currency.Parse("EUR");

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="first">Of the month.</param>
    public static async Task SeedAsync(BillingStore store, int contracts, DateOnly first)
    {
        await using var db = store.Context();
        db.Entities.Add(new()
        {
            AccountId = 1,
            Ref = "e",
            Version = 1,
            Name = "Entity",
            Address = "",
            Country = "DE",
            Zone = "Europe/Berlin",
            Series = "INV-",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        var customers = Enumerable.Range(0, contracts).Select(i => new CustomerRow
        {
            AccountId = 1,
            Ref = $"c{i}",
            Version = 1,
            Name = $"Customer {i}",
            Address = "",
            Country = "DE",
            Language = "en",
            IsArchived = false,
            ChangedAtMs = 0,
        }).ToList();
        db.Customers.AddRange(customers);
        await db.SaveChangesAsync(Cancellation);
        var rows = customers.Select(customer => new ContractRow
        {
            AccountId = 1,
            Ref = "of " + customer.Ref,
            CustomerId = customer.Id,
            Zone = "UTC",
            LatestVersion = 1,
            CreatedAtMs = 0,
        }).ToList();
        db.Contracts.AddRange(rows);
        await db.SaveChangesAsync(Cancellation);
        var terms = TermsJson.Write(Terms(first));
        db.ContractVersions.AddRange(rows.Select(row => new ContractVersionRow
        {
            ContractId = row.Id,
            Number = 1,
            EffectiveAtMs = 0,
            Terms = terms,
            CreatedAtMs = 0,
            Actor = "test",
        }));
        await db.SaveChangesAsync(Cancellation);
    }

    static ContractTerms Terms(DateOnly first)
    {
        var tax = new TaxTerms("VAT", new(19 * Quantity.Scale), null);
        var month = new CycleTerms(1, CycleAlignment.Calendar, null);
        LineTerms Line(string product, Price price) => new(
            product, product, "e", product, price, month, BillingTiming.Arrears, null, tax, first, first.AddMonths(1),
            true);
        return new(
            InvoiceGrouping.Collective, 30, true,
            [
                Line("base", new FlatPrice(new(1000, Eur))),
                Line("units", new PerUnitPrice(Eur, Quantity.ParseScaled("0.5"))),
            ]);
    }
}

using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Usage;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;

namespace Received.Tests.Billing.Invoices;

public sealed class InvoiceVerificationTests
{
    [Fact]
    public async Task Law_5_an_invoice_is_made_anew_byte_for_byte_from_its_usage_and_contract_versions()
    {
        await using var world = await MakeAsync();
        var contract = await world.AddContractAsync(
            "c", "America/New_York", Terms(PerUnit("calls", "0.0025"), Flat("base", "31.00")));
        await world.AddVersionAsync(
            contract, 2, "2026-01-11T05:00:00Z", Terms(PerUnit("calls", "0.005"), Flat("base", "62.00")));
        await world.UseAsync("c", "calls", ("2026-01-05T06:00:00Z", "1000"), ("2026-01-20T06:00:00Z", "777.5"));
        await world.GoToAsync("2026-02-01T05:00:00Z");
        await world.RunAsync();
        var invoices = await world.InvoicesAsync();
        Assert.Equal(2, invoices.Count);
        foreach (var invoice in invoices)
        {
            var verified = await VerifyAsync(world, invoice.Id);
            Assert.Empty(verified.Differences);
            Assert.All(verified.Lines, line => Assert.True(line.Equal));
            Assert.Equal(invoice.Record.Lines.Select(line => line.Amount), verified.Lines.Select(line => line.Amount));
        }
    }

    [Fact]
    public async Task Law_5_every_charge_is_rated_up_to_its_own_position_and_no_further()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "0.005")));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "3"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        var first = Assert.Single(await world.InvoicesAsync());
        Assert.True((await VerifyAsync(world, first.Id)).Equal);
        await world.UseAsync("c", "calls", ("2026-01-06T00:00:00Z", "3"), ("2026-02-06T00:00:00Z", "1000"));
        await world.GoToAsync("2026-03-01T00:00:00Z");
        await world.RunAsync();
        var asked = new List<RatedUpTo>();
        var late = await VerifyAsync(world, (await world.InvoicesAsync())[1].Id, asked);
        Assert.Empty(late.Differences);
        Assert.Equal([new(new(Partition), 1, 2)], asked);
        Assert.Equal(["1000", "3"], late.Lines.Select(line => line.QuantityAnew));
        // With the late usage in it, the first invoice would not be what it was.
        asked.Clear();
        var past = await VerifyAsync(world, first.Id, asked);
        Assert.Equal([new(new(Partition), 1, 1)], asked);
        Assert.Equal(("3", "6", false), (past.Lines[0].Quantity, past.Lines[0].QuantityAnew, past.Lines[0].Equal));
        Assert.Contains(past.Differences, text => text.Contains("canonical form", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("UPDATE charges SET amount_minor = 3", "its amount is stored as 0.03 EUR and is 0.02 EUR anew")]
    [InlineData("UPDATE charges SET quantity = '4'", "its quantity is stored as 4 and is 3 anew")]
    [InlineData("UPDATE charges SET event_count = 2", "its event count is stored as 2 and is 1 anew")]
    [InlineData("UPDATE charges SET next_offset = 0", "its position is stored as 1/0 and is 1/1 anew")]
    [InlineData("UPDATE charges SET revision = 2", "is not stored with this invoice")]
    [InlineData("UPDATE invoices SET document = replace(document, '\"0.02\"', '\"0.01\"')", "canonical")]
    [InlineData("UPDATE invoices SET document = document || ' '", "canonical form differs")]
    [InlineData(
        "UPDATE invoices SET net_minor = 3, total_minor = tax_minor + 3", "The net is stored as 0.03 EUR and is 0.02")]
    public async Task Law_5_whatever_was_tampered_with_is_found(string change, string expected)
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "0.005")));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "3"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        await using (var db = world.Store.Context())
        {
            await db.Database.ExecuteSqlRawAsync("DROP TRIGGER charges_never_updated");
            await db.Database.ExecuteSqlRawAsync(change);
        }

        var verified = await VerifyAsync(world, 1);
        Assert.False(verified.Equal);
        Assert.Contains(verified.Differences, difference => difference.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Law_5_what_people_changed_since_does_not_touch_an_invoice()
    {
        await using var world = await MakeAsync();
        var contract = await world.AddContractAsync(
            "c", "UTC", Terms(PerUnit("calls", "0.005"), Flat("base", "31.00")));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        var before = (await world.InvoicesAsync()).Select(invoice => invoice.Id).ToList();
        // The fee's line is ended in the middle of what was billed, and everybody has another name.
        world.Time.SetUtcNow(DateTimeOffset.Parse("2026-02-02T00:00:00Z"));
        await using (var db = world.Store.Context())
        {
            db.ContractVersions.Add(new()
            {
                ContractId = contract,
                Number = 2,
                EffectiveAtMs = Ms("2026-01-20T00:00:00Z"),
                Terms = TermsJson.Write(Terms(
                    PerUnit("calls", "7"), Flat("base", "31.00") with { End = new(2026, 1, 25) })),
                CreatedAtMs = world.Time.GetUtcNow().ToUnixTimeMilliseconds(),
                Actor = "test",
            });
            (await db.Contracts.SingleAsync()).LatestVersion = 2;
            (await db.Customers.SingleAsync()).Name = "Renamed";
            (await db.Entities.SingleAsync()).Name = "Renamed";
            await db.SaveChangesAsync();
        }

        await new CyclePlanner(world.Store).RunAsync(world.Time.GetUtcNow());
        foreach (var id in before) Assert.Empty((await VerifyAsync(world, id)).Differences);
    }

    [Fact]
    public async Task Law_12_an_invoice_of_another_account_is_not_found()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(Flat("base", "31.00")));
        await world.RunAsync();
        Assert.NotNull(await InvoiceVerification.OpenAsync(world.Store, Account, 1));
        Assert.Null(await InvoiceVerification.OpenAsync(world.Store, new(2), 1));
        Assert.Null(await InvoiceVerification.OpenAsync(world.Store, Account, 2));
    }

    /// <summary>With the usage that is there at the moment, whatever position is asked for.</summary>
    static async Task<VerifiedInvoice> VerifyAsync(BillingWorld world, long id, List<RatedUpTo>? asked = null) =>
        await (await InvoiceVerification.OpenAsync(world.Store, Account, id))!.RunAsync(
            world.Usage,
            (upTo, _) =>
            {
                asked?.Add(upTo);
                return Task.CompletedTask;
            });
}

using Microsoft.EntityFrameworkCore;
using Received.Billing.Catalog;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Received.Tests.Billing.Catalog;
using Xunit;
using static Received.Tests.Billing.Catalog.CatalogRig;

namespace Received.Tests.Billing.Contracts;

public sealed class ContractBookTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static async Task<CatalogRig> FilledAsync()
    {
        var rig = await OpenAsync();
        await rig.FillAsync(rig.First);
        return rig;
    }

    [Fact]
    public async Task Law_10_all_versions_stay_readable_as_they_were_written()
    {
        await using var rig = await FilledAsync();
        var terms = Terms(PerUnit("a"), Flat("b"));
        var first = (await rig.CreateAsync(terms)).Value!;
        Assert.Equal((1, 1, Ms("2025-12-31T23:00Z")), (first.Number, first.Latest, first.EffectiveAtMs));
        var dearer = Terms(
            PerUnit("a") with { Price = new PerUnitPrice(Currency.Parse("EUR"), Quantity.Scale) },
            Flat("b") with { End = new(2026, 6, 1) });
        var second = (await rig.FollowAsync(1, dearer)).Value!;
        // 09:07:30 rounds up to the next quarter of an hour.
        Assert.Equal((2, Ms("2026-03-10T09:15Z")), (second.Number, second.EffectiveAtMs));

        var old = (await rig.Contracts.FindAsync(rig.First, "k1", 1, Cancel))!;
        Assert.Equal((1, 2, Actor), (old.Number, old.Latest, old.Actor));
        Assert.Equal(terms.Lines, old.Terms.Lines);
        Assert.Equal(dearer.Lines, (await rig.Contracts.FindAsync(rig.First, "k1", null, Cancel))!.Terms.Lines);
        Assert.Null(await rig.Contracts.FindAsync(rig.First, "k1", 3, Cancel));
        var versions = await rig.Contracts.ListVersionsAsync(rig.First, "k1", 0, 1, Cancel);
        Assert.Equal(2, Assert.Single(versions!.Items).Number);
        versions = await rig.Contracts.ListVersionsAsync(rig.First, "k1", versions.After!.Value, 1, Cancel);
        Assert.Equal((1, (long?)null), (Assert.Single(versions!.Items).Number, versions.After));
    }

    [Fact]
    public async Task Of_two_versions_at_once_one_is_refused()
    {
        await using var rig = await FilledAsync();
        await rig.CreateAsync(Terms(Flat("a")));
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 6).Select(
            minor => Task.Run(() => rig.FollowAsync(1, Terms(Flat("a", minor))))));
        Assert.Single(outcomes, outcome => outcome.Refusal is null);
        Assert.All(
            outcomes.Where(outcome => outcome.Refusal is not null),
            outcome => Assert.Equal(RefusalKind.Stale, outcome.Refusal!.Kind));
        Assert.Equal(2, (await rig.Contracts.FindAsync(rig.First, "k1", null, Cancel))!.Number);
    }

    [Fact]
    public async Task Law_12_another_accounts_contract_customer_product_and_entity_are_not_there()
    {
        await using var rig = await FilledAsync();
        await rig.CreateAsync(Terms(PerUnit("a")));
        Assert.Null(await rig.Contracts.FindAsync(rig.Other, "k1", null, Cancel));
        Assert.Null(await rig.Contracts.ListVersionsAsync(rig.Other, "k1", 0, 10, Cancel));
        Assert.Empty((await rig.Contracts.ListAsync(rig.Other, null, 0, 10, Cancel)).Items);
        var added = await rig.Contracts.AddVersionAsync(rig.Other, Actor, "k1", 1, Terms(PerUnit("a")), null, Cancel);
        Assert.Equal(RefusalKind.Missing, added.Refusal!.Kind);
        var made = await rig.Contracts.CreateAsync(
            rig.Other, Actor, "k9", "c1", Berlin, Terms(PerUnit("a")), null, Cancel);
        Assert.Equal("/customer_ref", made.Refusal!.Pointer);
        Assert.Null((await rig.Customers.CreateAsync(rig.Other, Actor, "c1", Acme, Cancel)).Refusal);
        made = await rig.Contracts.CreateAsync(rig.Other, Actor, "k9", "c1", Berlin, Terms(PerUnit("a")), null, Cancel);
        Assert.Equal("/lines/0/product_ref", made.Refusal!.Pointer);
        // The row of the contract that was begun went with the refusal.
        Assert.Null(await rig.Contracts.FindAsync(rig.Other, "k9", null, Cancel));
    }

    public static TheoryData<string, LineTerms> WrongLines => new()
    {
        { "line_ref", PerUnit("") },
        { "product_ref", PerUnit("a", product: "p9") },
        { "entity_ref", PerUnit("a", entity: "e9") },
        { "timing", PerUnit("a") with { Timing = BillingTiming.Advance } },
        { "cycle/count", PerUnit("a") with { Cycle = new(0, CycleAlignment.Calendar, null) } },
        { "cycle/count", PerUnit("a") with { Cycle = new(121, CycleAlignment.Calendar, null) } },
        { "cycle/anchor_day", PerUnit("a") with { Cycle = new(1, CycleAlignment.Calendar, 32) } },
        { "end", PerUnit("a") with { End = new(2026, 1, 1) } },
        { "start", PerUnit("a") with { Start = new(1970, 1, 1) } },
        { "tax/name", PerUnit("a") with { Tax = new("", default, null) } },
        { "description", PerUnit("a") with { Description = new('x', 501) } },
    };

    [Theory]
    [MemberData(nameof(WrongLines), DisableDiscoveryEnumeration = true)]
    public async Task A_wrong_line_is_refused_by_its_field(string field, LineTerms line)
    {
        await using var rig = await FilledAsync();
        var made = await rig.CreateAsync(Terms(Flat("ok"), line));
        Assert.Equal((RefusalKind.Invalid, $"/lines/1/{field}"), (made.Refusal!.Kind, made.Refusal.Pointer));
    }

    [Fact]
    public async Task Wrong_terms_and_heads_are_refused_by_their_field()
    {
        await using var rig = await FilledAsync();
        Assert.Equal("/lines", (await rig.CreateAsync(Terms())).Refusal!.Pointer);
        var never = Terms(Flat("a")) with { PaymentDays = -1 };
        Assert.Equal("/payment_days", (await rig.CreateAsync(never)).Refusal!.Pointer);
        Assert.Equal("/lines/1/line_ref", (await rig.CreateAsync(Terms(Flat("a"), Flat("a")))).Refusal!.Pointer);
        Assert.Equal("/zone", (await rig.CreateAsync(Terms(Flat("a")), zone: "Nowhere")).Refusal!.Pointer);
        Assert.Equal("/ref", (await rig.CreateAsync(Terms(Flat("a")), "..")).Refusal!.Pointer);
        await rig.CreateAsync(Terms(Flat("a")));
        Assert.Equal(RefusalKind.Taken, (await rig.CreateAsync(Terms(Flat("a")))).Refusal!.Kind);
        foreach (var instant in (string[])["2026-03-10T09:10Z", "2025-12-31T22:45Z"])
            Assert.Equal("/effective_at", (await rig.FollowAsync(1, Terms(Flat("a")), instant)).Refusal!.Pointer);
        Assert.Null((await rig.FollowAsync(1, Terms(Flat("a")), "2025-12-31T23:00Z")).Refusal);
    }

    public static TheoryData<string, LineTerms> FixedFields => new()
    {
        { "/lines/0/product_ref", PerUnit("a", product: "p2") },
        { "/lines/0/entity_ref", PerUnit("a", entity: "e2") },
        { "/lines/0/price/currency", PerUnit("a", currency: "USD") },
        { "/lines/0/price/model", Flat("a", product: "p1") with { Timing = BillingTiming.Arrears } },
        { "/lines/0/cycle", PerUnit("a") with { Cycle = new(3, CycleAlignment.Calendar, null) } },
        { "/lines/0/issue_day", PerUnit("a") with { IssueDay = new(2026, 2, 5) } },
        { "/lines/0/start", PerUnit("a") with { Start = new(2026, 1, 2) } },
        { "/lines", PerUnit("another") with { Start = new(2026, 4, 1) } },
        { "/lines/0/end", PerUnit("a") with { End = new(2026, 3, 10) } },
    };

    [Theory]
    [MemberData(nameof(FixedFields), DisableDiscoveryEnumeration = true)]
    public async Task What_a_version_may_not_change_is_refused_by_its_field(string pointer, LineTerms line)
    {
        await using var rig = await FilledAsync();
        await rig.CreateAsync(Terms(PerUnit("a")));
        Assert.Equal(pointer, (await rig.FollowAsync(1, Terms(line))).Refusal!.Pointer);
    }

    [Fact]
    public async Task A_line_is_added_from_the_versions_instant_on_and_one_that_ended_stays_ended()
    {
        await using var rig = await FilledAsync();
        await rig.CreateAsync(Terms(Flat("a") with { End = new(2026, 2, 1) }, Flat("b")));
        var ended = Flat("a") with { End = new(2026, 2, 1) };
        var early = Terms(ended, Flat("b"), Flat("c") with { Start = new(2026, 3, 10) });
        Assert.Equal("/lines/2/start", (await rig.FollowAsync(1, early)).Refusal!.Pointer);
        Assert.Equal("/lines/0/end", (await rig.FollowAsync(1, Terms(Flat("a"), Flat("b")))).Refusal!.Pointer);
        Assert.Null((await rig.FollowAsync(1, early, "2026-03-09T23:00Z")).Refusal);
    }

    [Fact]
    public async Task A_contract_has_its_cycles_from_the_start_and_a_version_that_ends_a_line_takes_back_those_ahead()
    {
        await using var rig = await FilledAsync();
        await rig.CreateAsync(Terms(Flat("a")));
        await using var db = rig.Store.Context();
        var made = await db.Cycles.AsNoTracking().OrderBy(row => row.Number).ToListAsync(Cancel);
        Assert.Equal(Ms("2026-01-01T00:00+01:00"), made[0].StartMs);
        Assert.True(made[^1].StartMs > Ms("2026-04-01T00:00+02:00"));
        Assert.Null((await rig.FollowAsync(1, Terms(Flat("a") with { End = new(2026, 3, 20) }))).Refusal);
        var last = await db.Cycles.AsNoTracking().OrderBy(row => row.Number).LastAsync(Cancel);
        Assert.Equal(Ms("2026-03-20T00:00+01:00"), last.EndMs);
    }

    [Fact]
    public async Task Lines_of_a_customer_for_one_product_differ_and_have_one_default_over_all_contracts()
    {
        await using var rig = await FilledAsync();
        Assert.Null((await rig.CreateAsync(Terms(PerUnit("a")))).Refusal);
        var same = await rig.CreateAsync(Terms(PerUnit("x")), "k2");
        Assert.Equal("/lines/0/price/currency", same.Refusal!.Pointer);
        var none = await rig.CreateAsync(Terms(PerUnit("x", currency: "USD")), "k2");
        Assert.Equal("/lines/0/is_default", none.Refusal!.Pointer);
        Assert.Null((await rig.CreateAsync(Terms(PerUnit("x", currency: "USD", isDefault: true)), "k2")).Refusal);
        var two = await rig.FollowAsync(1, Terms(PerUnit("a", isDefault: true)));
        Assert.Equal("/lines/0/is_default", two.Refusal!.Pointer);
        // Flat lines take no totals.
        Assert.Null((await rig.CreateAsync(Terms(Flat("f", product: "p1")), "k3")).Refusal);
        // One after the other is not at the same time.
        Assert.Null((await rig.FollowAsync(1, Terms(PerUnit("a") with { End = new(2026, 5, 1) }))).Refusal);
        var later = PerUnit("x") with { Start = new(2026, 5, 1) };
        Assert.Null((await rig.CreateAsync(Terms(later), "k4")).Refusal);
        Assert.Equal(
            ["k1", "k2", "k3", "k4"],
            (await rig.Contracts.ListAsync(rig.First, "c1", 0, 10, Cancel)).Items.Select(item => item.Ref));
        Assert.Empty((await rig.Contracts.ListAsync(rig.First, "c2", 0, 10, Cancel)).Items);
    }

    [Fact]
    public async Task What_was_archived_takes_no_new_line_but_old_ones_go_on()
    {
        await using var rig = await FilledAsync();
        await rig.CreateAsync(Terms(Flat("a")));
        await rig.Products.ChangeAsync(rig.First, Actor, "p2", 1, Calls with { IsArchived = true }, Cancel);
        Assert.Null((await rig.FollowAsync(1, Terms(Flat("a", 5000)))).Refusal);
        var added = Terms(Flat("a", 5000), Flat("b") with { Start = new(2026, 4, 1) });
        Assert.Equal("/lines/1/product_ref", (await rig.FollowAsync(2, added)).Refusal!.Pointer);
        await rig.Customers.ChangeAsync(rig.First, Actor, "c1", 1, Acme with { IsArchived = true }, Cancel);
        Assert.Equal("/customer_ref", (await rig.CreateAsync(Terms(PerUnit("x")), "k2")).Refusal!.Pointer);
    }
}

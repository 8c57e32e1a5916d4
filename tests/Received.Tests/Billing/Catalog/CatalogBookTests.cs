using Microsoft.EntityFrameworkCore;
using Received.Billing.Catalog;
using Xunit;
using static Received.Tests.Billing.Catalog.CatalogRig;

namespace Received.Tests.Billing.Catalog;

public sealed class CatalogBookTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entry_is_created_read_changed_and_listed_with_its_version()
    {
        await using var rig = await OpenAsync();
        var made = (await rig.Customers.CreateAsync(rig.First, Actor, "c/1 ü", Acme, Cancel)).Value!;
        Assert.Equal(("c/1 ü", 1, Now), (made.Ref, made.Version, made.ChangedAt));
        var changed = await rig.Customers.ChangeAsync(
            rig.First, Actor, "c/1 ü", 1, Acme with { Name = "ACME Inc.", Language = "de-AT" }, Cancel);
        Assert.Equal(2, changed.Value!.Version);
        var read = await rig.Customers.FindAsync(rig.First, "c/1 ü", Cancel);
        Assert.Equal("ACME Inc.", read!.Fields.Name);
        Assert.Equal(["1 Road"], read.Fields.Address);
        await using var db = rig.Store.Context();
        Assert.Equal(
            ["customer.created", "customer.changed"],
            await db.AuditLog.OrderBy(row => row.Id).Select(row => row.Action).ToListAsync(Cancel));
    }

    [Fact]
    public async Task A_change_of_an_older_version_is_refused_and_of_two_at_once_one_wins()
    {
        await using var rig = await OpenAsync();
        await rig.Products.CreateAsync(rig.First, Actor, "p", Calls, Cancel);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() =>
            rig.Products.ChangeAsync(rig.First, Actor, "p", 1, Calls with { Name = $"n{number}" }, Cancel))));
        var won = Assert.Single(outcomes, outcome => outcome.Refusal is null);
        Assert.All(
            outcomes.Where(outcome => outcome.Refusal is not null),
            outcome => Assert.Equal((RefusalKind.Stale, "/version"), (outcome.Refusal!.Kind, outcome.Refusal.Pointer)));
        Assert.Equal(won.Value!.Fields, (await rig.Products.FindAsync(rig.First, "p", Cancel))!.Fields);
    }

    [Fact]
    public async Task A_reference_is_given_once_within_an_account_and_compared_byte_by_byte()
    {
        await using var rig = await OpenAsync();
        Assert.Null((await rig.Products.CreateAsync(rig.First, Actor, "p", Calls, Cancel)).Refusal);
        Assert.Null((await rig.Products.CreateAsync(rig.First, Actor, "P", Calls, Cancel)).Refusal);
        Assert.Null((await rig.Products.CreateAsync(rig.Other, Actor, "p", Calls, Cancel)).Refusal);
        var second = await rig.Products.CreateAsync(rig.First, Actor, "p", Calls, Cancel);
        Assert.Equal((RefusalKind.Taken, "/ref"), (second.Refusal!.Kind, second.Refusal.Pointer));
    }

    [Fact]
    public async Task Law_12_another_accounts_entry_is_not_found_changed_or_listed()
    {
        await using var rig = await OpenAsync();
        await rig.FillAsync(rig.First);
        Assert.Null(await rig.Entities.FindAsync(rig.Other, "e1", Cancel));
        var change = await rig.Entities.ChangeAsync(rig.Other, Actor, "e1", 1, Nordlicht, Cancel);
        Assert.Equal(RefusalKind.Missing, change.Refusal!.Kind);
        Assert.Empty((await rig.Entities.ListAsync(rig.Other, 0, 10, true, Cancel)).Items);
        Assert.Equal(1, (await rig.Entities.FindAsync(rig.First, "e1", Cancel))!.Version);
    }

    [Fact]
    public async Task Pages_show_each_entry_once_and_archived_ones_only_when_asked()
    {
        await using var rig = await OpenAsync();
        for (var number = 0; number < 7; number++)
            await rig.Products.CreateAsync(
                rig.First, Actor, $"p{number}", Calls with { IsArchived = number == 3 }, Cancel);
        var seen = new List<string>();
        long? after = 0;
        while (after is { } from)
        {
            var page = await rig.Products.ListAsync(rig.First, from, 2, withArchived: false, Cancel);
            seen.AddRange(page.Items.Select(item => item.Ref));
            after = page.After;
        }

        Assert.Equal(["p0", "p1", "p2", "p4", "p5", "p6"], seen);
        Assert.Equal(7, (await rig.Products.ListAsync(rig.First, 0, 100, true, Cancel)).Items.Count);
    }

    [Fact]
    public async Task A_wrong_field_is_named()
    {
        await using var rig = await OpenAsync();
        (EntityFields Fields, string Pointer)[] wrong =
        [
            (Nordlicht with { Name = " " }, "/name"),
            (Nordlicht with { Name = "a\nb" }, "/name"),
            (Nordlicht with { Address = [] }, "/address"),
            (Nordlicht with { Address = ["a", ""] }, "/address/1"),
            (Nordlicht with { Country = "de" }, "/country"),
            (Nordlicht with { Zone = "Mars/Base" }, "/zone"),
            (Nordlicht with { Series = "a b" }, "/series"),
            (Nordlicht with { Series = "INV-\n" }, "/series"),
            (Nordlicht with { Email = "nobody" }, "/email"),
            (Nordlicht with { Iban = "DE89370400440532013001" }, "/iban"),
            (Nordlicht with { Bic = "COBADEF" }, "/bic"),
        ];
        foreach (var (fields, pointer) in wrong)
        {
            var made = await rig.Entities.CreateAsync(rig.First, Actor, "e", fields, Cancel);
            Assert.Equal((RefusalKind.Invalid, pointer), (made.Refusal!.Kind, made.Refusal.Pointer));
        }

        foreach (var reference in (string[])["", ".", "..", "a\0b", new string('ü', 65)])
        {
            var made = await rig.Entities.CreateAsync(rig.First, Actor, reference, Nordlicht, Cancel);
            Assert.Equal("/ref", made.Refusal!.Pointer);
        }
    }

    [Fact]
    public async Task An_IBAN_is_kept_without_its_spaces_and_an_entitys_zone_is_fixed()
    {
        await using var rig = await OpenAsync();
        var made = await rig.Entities.CreateAsync(
            rig.First, Actor, "e", Nordlicht with { Iban = "DE89 3704 0044 0532 0130 00" }, Cancel);
        Assert.Equal("DE89370400440532013000", made.Value!.Fields.Iban);
        var moved = await rig.Entities.ChangeAsync(rig.First, Actor, "e", 1, Nordlicht with { Zone = "UTC" }, Cancel);
        Assert.Equal("/zone", moved.Refusal!.Pointer);
    }
}

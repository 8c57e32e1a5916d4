using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Xunit;

namespace Received.Tests.Billing;

public sealed class BillingSchemaTests : IAsyncLifetime
{
    readonly string _folder = Directory.CreateTempSubdirectory("received-billing-").FullName;
    BillingStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await BillingStore.OpenAsync(_folder);

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Every_property_of_the_model_is_a_column_of_the_schema_and_the_other_way_round()
    {
        await using var db = _store.Context();
        await using var connection = await _store.ConnectAsync(TestContext.Current.CancellationToken);
        foreach (var entity in db.Model.GetEntityTypes())
        {
            var columns = new List<string>();
            await using var command = connection.CreateCommand();
            command.CommandText =
                $"SELECT name || ' ' || \"notnull\" FROM pragma_table_info('{entity.GetTableName()}')";
            await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            while (await reader.ReadAsync(TestContext.Current.CancellationToken)) columns.Add(reader.GetString(0));
            // An INTEGER PRIMARY KEY can never be null and says 0 all the same.
            Assert.Equal(
                entity.GetProperties().Select(property => property.GetColumnName() + " "
                    + (property.IsNullable || property.Name == "Id" ? 0 : 1)).Order(StringComparer.Ordinal),
                columns.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Law_10_entries_are_never_changed_or_deleted_and_never_enter_a_closed_month()
    {
        await SeedEntityAsync();
        await using (var db = _store.Context())
        {
            db.Entries.Add(Sale("sale:1", period: 24311).ToRow(1, 1, 0));
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        await RefusedAsync("UPDATE entries SET period = 1");
        await RefusedAsync("DELETE FROM entries");
        await RefusedAsync("UPDATE postings SET amount_minor = 2 WHERE number = 1");
        await RefusedAsync("DELETE FROM postings");
        await using (var db = _store.Context())
        {
            db.ClosedPeriods.Add(new() { EntityId = 1, Period = 24311, ClosedAtMs = 0, Positions = "[]", Actor = "t" });
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        foreach (var (period, isTaken) in new[] { (24310, false), (24311, false), (24312, true) })
        {
            await using var db = _store.Context();
            db.Entries.Add(Sale($"sale:{period}", period).ToRow(1, 1, 0));
            if (isTaken) await db.SaveChangesAsync(TestContext.Current.CancellationToken);
            else
                await Assert.ThrowsAsync<DbUpdateException>(
                    () => db.SaveChangesAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void Law_10_postings_that_do_not_sum_to_zero_are_no_entry()
    {
        var eur = Currency.Parse("EUR");
        var usd = Currency.Parse("USD");
        Assert.Throws<InvalidOperationException>(() => new Entry(
            EntryKind.InvoiceIssued, "x", 1, 1, eur,
            [new(LedgerAccount.Receivable, new(2, eur)), new(LedgerAccount.Revenue, new(-1, eur))]));
        Assert.Throws<InvalidOperationException>(() => new Entry(
            EntryKind.InvoiceIssued, "x", 1, 1, eur,
            [new(LedgerAccount.Receivable, new(1, eur)), new(LedgerAccount.Revenue, new(-1, usd))]));
        Assert.Throws<InvalidOperationException>(() => new Entry(
            EntryKind.InvoiceIssued, "x", 1, 1, eur, [new(LedgerAccount.Receivable, new(0, eur))]));
    }

    [Fact]
    public void Stored_terms_read_back_as_they_were_and_their_text_never_changes()
    {
        var terms = new ContractTerms(
            InvoiceGrouping.Collective, 30, true,
            [
                new(
                    "api", "calls", "acme-de", "API calls", new PerUnitPrice(Currency.Parse("EUR"), 2_500_000_000),
                    new(1, CycleAlignment.Calendar, null), BillingTiming.Arrears, null,
                    new("VAT", new(19 * Quantity.Scale), null), new(2026, 1, 1), null, true),
                new(
                    "base", "base", "acme-de", "Base fee", new FlatPrice(new(4900, Currency.Parse("EUR"))),
                    new(3, CycleAlignment.Anniversary, 31), BillingTiming.Advance, new(2026, 2, 1),
                    new("VAT", Percent.Zero, "Reverse charge"), new(2026, 1, 31), new(2027, 1, 1), false),
            ]);
        var text = TermsJson.Write(terms);
        Assert.Equal(
            """
            {"grouping":"Collective","payment_days":30,"issues_alone":true,"lines":[
            {"line_ref":"api","product_ref":"calls","entity_ref":"acme-de","description":"API calls",
            "price":{"model":"per_unit","currency":"EUR","unit_price":"0.0025"},
            "months":1,"alignment":"Calendar","timing":"Arrears","tax_name":"VAT","tax_rate":"19",
            "start":"2026-01-01","is_default":true},
            {"line_ref":"base","product_ref":"base","entity_ref":"acme-de","description":"Base fee",
            "price":{"model":"flat","currency":"EUR","amount":"49.00"},
            "months":3,"alignment":"Anniversary","anchor_day":31,"timing":"Advance","issue_day":"2026-02-01",
            "tax_name":"VAT","tax_rate":"0","tax_note":"Reverse charge",
            "start":"2026-01-31","end":"2027-01-01","is_default":false}]}
            """.ReplaceLineEndings(""),
            text);
        Assert.Equal(text, TermsJson.Write(TermsJson.Read(text)));
    }

    static Entry Sale(string source, int period)
    {
        var eur = Currency.Parse("EUR");
        return new(
            EntryKind.InvoiceIssued, source, period, 20_000, eur,
            [new(LedgerAccount.Receivable, new(100, eur)), new(LedgerAccount.Revenue, new(-100, eur))]);
    }

    async Task SeedEntityAsync()
    {
        await using var db = _store.Context();
        db.Accounts.Add(new() { Name = "acme", AllowsNegativeQuantity = false, CreatedAtMs = 0 });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        db.Entities.Add(new()
        {
            AccountId = 1,
            Ref = "e",
            Version = 1,
            Name = "Acme",
            Address = "",
            Country = "DE",
            Zone = "Europe/Berlin",
            Series = "INV-",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    async Task RefusedAsync(string sql)
    {
        await using var connection = await _store.ConnectAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await Assert.ThrowsAsync<SqliteException>(
            () => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
    }
}

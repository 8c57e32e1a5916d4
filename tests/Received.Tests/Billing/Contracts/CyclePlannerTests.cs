using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Xunit;
using static Received.Tests.Billing.Contracts.CycleLines;

namespace Received.Tests.Billing.Contracts;

public sealed class CyclePlannerTests : IAsyncLifetime
{
    static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    ContractRows _rows = null!;

    public async ValueTask InitializeAsync() => _rows = await ContractRows.OpenAsync();

    public ValueTask DisposeAsync() => _rows.DisposeAsync();

    [Fact]
    public async Task Cycles_are_made_two_months_ahead_and_the_next_one_always()
    {
        var monthly = await _rows.AddAsync("monthly", "UTC", Line("2026-01-10"));
        var yearly = await _rows.AddAsync("yearly", "UTC", Line("2026-01-10", 12));
        var later = await _rows.AddAsync("later", "UTC", Line("2027-01-10"));
        var early = await _rows.AddAsync(
            "early", "UTC", Line("2026-01-10", 6, timing: BillingTiming.Advance, issueDay: "2025-11-01"));
        var report = await new CyclePlanner(_rows.Store).RunAsync(Now);
        Assert.Equal((5 + 2 + 1 + 2, 0, 0), (report.Made, report.Changed, report.Removed));
        Assert.Empty(report.Problems);
        Assert.Equal(
            ["0 01-10..02-01 02-01 Open", "1 02-01..03-01 03-01 Open", "2 03-01..04-01 04-01 Open",
                "3 04-01..05-01 05-01 Open", "4 05-01..06-01 06-01 Open"], await Shown(monthly));
        Assert.Equal(["0 01-10..27-01-01 27-01-01 Open", "1 27-01-01..28-01-01 28-01-01 Open"], await Shown(yearly));
        Assert.Equal(["0 27-01-10..27-02-01 27-02-01 Open"], await Shown(later));
        Assert.Equal(["0 01-10..07-01 25-11-01 Open", "1 07-01..27-01-01 05-01 Open"], await Shown(early));
        Assert.Equal(1u, (await _rows.CyclesAsync(monthly))[0].AccountId);
    }

    [Fact]
    public async Task Planning_again_changes_nothing_and_goes_on_when_time_has_passed()
    {
        var contract = await _rows.AddAsync("monthly", "UTC", Line("2026-01-10"));
        var planner = new CyclePlanner(_rows.Store);
        await planner.RunAsync(Now);
        Assert.Equal(0, (await planner.RunAsync(Now)).Made);
        Assert.Equal(0, (await new CyclePlanner(_rows.Store).RunAsync(Now.AddHours(2))).Made);
        Assert.Equal(1, (await planner.RunAsync(Now.AddMonths(1))).Made);
        Assert.Equal(0, (await planner.RunAsync(Now)).Removed);
        Assert.Equal(6, (await _rows.CyclesAsync(contract)).Count);
    }

    [Fact]
    public async Task Law_6_planners_at_the_same_time_make_every_cycle_once()
    {
        for (var i = 0; i < 40; i++) await _rows.AddAsync($"c{i}", "Europe/Berlin", Line("2026-01-10"));
        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => Task.Run(() => new CyclePlanner(_rows.Store).RunAsync(Now))));
        Assert.Equal(200, reports.Sum(report => report.Made));
        Assert.All(
            await Task.WhenAll(Enumerable.Range(1, 40).Select(id => _rows.CyclesAsync(id))),
            cycles => Assert.Equal([0, 1, 2, 3, 4], cycles.Select(cycle => cycle.Number)));
    }

    [Fact]
    public async Task A_line_that_ends_cuts_the_cycle_under_way_and_its_later_ones_go()
    {
        var contract = await _rows.AddAsync("c", "UTC", Line("2026-01-10"));
        var planner = new CyclePlanner(_rows.Store);
        await planner.RunAsync(Now);
        await _rows.ChargeAsync(contract, 0);
        await _rows.ChangeAsync(contract, "2026-03-12T00:00:00Z", Line("2026-01-10", end: "2026-03-20"));
        var report = await planner.RunAsync(Now);
        Assert.Equal((0, 1, 2), (report.Made, report.Changed, report.Removed));
        Assert.Equal(
            ["0 01-10..02-01 02-01 Billed", "1 02-01..03-01 03-01 Open", "2 03-01..03-20/04-01 03-20 Open"],
            await Shown(contract));
    }

    [Fact]
    public async Task A_line_that_a_later_version_leaves_out_ends_when_that_takes_effect()
    {
        var contract = await _rows.AddAsync("c", "UTC", Line("2026-01-10"), Line("2026-01-10", lineRef: "base"));
        var planner = new CyclePlanner(_rows.Store);
        await planner.RunAsync(Now);
        await _rows.ChangeAsync(contract, "2026-04-10T09:30:00Z", Line("2026-01-10", lineRef: "base"));
        Assert.Equal(1, (await planner.RunAsync(Now)).Removed);
        var last = (await _rows.CyclesAsync(contract))[^1];
        Assert.Equal(
            ("2026-04-10T09:30:00Z", "2026-05-01T00:00:00Z", "2026-04-11T00:00:00Z"),
            (Utc(last.EndMs), Utc(last.FullEndMs), Utc(last.IssueAtMs)));
        Assert.Equal(5, (await _rows.CyclesAsync(contract, "base")).Count);
        // And goes on where a still later one has it again.
        await _rows.ChangeAsync(
            contract, "2026-04-12T00:00:00Z", Line("2026-01-10"), Line("2026-01-10", lineRef: "base"));
        await planner.RunAsync(Now);
        Assert.Equal(5, (await _rows.CyclesAsync(contract)).Count);
        Assert.Equal("3 04-01..05-01 05-01 Open", (await Shown(contract))[3]);
    }

    [Fact]
    public async Task Charged_cycles_are_cut_or_made_longer_but_never_go()
    {
        var contract = await _rows.AddAsync("c", "UTC", Line("2026-01-10", timing: BillingTiming.Advance));
        var planner = new CyclePlanner(_rows.Store);
        await planner.RunAsync(Now);
        for (var number = 0; number < 4; number++) await _rows.ChargeAsync(contract, number);
        await _rows.ChangeAsync(
            contract, "2026-03-12T00:00:00Z", Line("2026-01-10", timing: BillingTiming.Advance, end: "2026-03-20"));
        var report = await planner.RunAsync(Now);
        Assert.Empty(report.Problems);
        Assert.Equal((2, 1), (report.Changed, report.Removed));
        Assert.Equal(
            ["2 03-01..03-20/04-01 03-01 Billed", "3 04-01..05-01 04-01 GivenUp"], (await Shown(contract))[2..]);
        await _rows.ChargeAsync(contract, 2, CycleState.Settled);
        await _rows.ChangeAsync(
            contract, "2026-03-13T00:00:00Z", Line("2026-01-10", timing: BillingTiming.Advance, end: "2026-03-25"));
        await planner.RunAsync(Now);
        Assert.Equal("2 03-01..03-25/04-01 03-01 Billed", (await Shown(contract))[2]);
        await _rows.ChangeAsync(
            contract, "2026-03-13T00:00:00Z", Line("2026-01-10", timing: BillingTiming.Advance));
        await planner.RunAsync(Now);
        Assert.Equal(
            ["2 03-01..04-01 03-01 Billed", "3 04-01..05-01 04-01 Billed", "4 05-01..06-01 05-01 Open"],
            (await Shown(contract))[2..]);
    }

    [Fact]
    public async Task Law_11_a_contract_that_cannot_be_planned_is_reported_and_the_others_are_planned()
    {
        await _rows.AddAsync("bad zone", "Mars/Olympus", Line("2026-01-10"));
        var good = await _rows.AddAsync("good", "UTC", Line("2026-01-10"));
        var planner = new CyclePlanner(_rows.Store);
        var report = await planner.RunAsync(Now);
        var problem = Assert.Single(report.Problems);
        Assert.Equal((1u, "bad zone"), (problem.Account.Value, problem.ContractRef));
        Assert.Contains("Mars/Olympus", problem.Reason);
        Assert.Equal(5, (await _rows.CyclesAsync(good)).Count);
        Assert.Single((await planner.RunAsync(Now)).Problems);
    }

    [Fact]
    public async Task Law_12_a_run_of_one_account_plans_and_reports_no_other()
    {
        await _rows.AddAsync("bad zone", "Mars/Olympus", Line("2026-01-10"));
        var contract = await _rows.AddAsync("monthly", "UTC", Line("2026-01-10"));
        var planner = new CyclePlanner(_rows.Store);
        var other = await planner.RunAsync(Now, new AccountId(2));
        Assert.Equal((0, 0), (other.Made, other.Problems.Count));
        Assert.Empty(await _rows.CyclesAsync(contract));
        var own = await planner.RunAsync(Now, new AccountId(1));
        Assert.Equal((5, 1), (own.Made, own.Problems.Count));
        Assert.Single((await planner.RunAsync(Now)).Problems);
    }

    [Fact]
    public async Task Contracts_beyond_one_batch_are_all_planned()
    {
        await using (var db = _rows.Store.Context())
        {
            db.Contracts.AddRange(Enumerable.Range(1, 1100).Select(i => new ContractRow
            {
                Id = i,
                AccountId = 1,
                Ref = $"c{i}",
                CustomerId = 1,
                Zone = "Asia/Kathmandu",
                LatestVersion = 1,
                CreatedAtMs = 0,
            }));
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
            var terms = TermsJson.Write(new(InvoiceGrouping.Collective, 30, true, [Line("2026-03-01")]));
            db.ContractVersions.AddRange(Enumerable.Range(1, 1100).Select(i => new ContractVersionRow
            {
                ContractId = i,
                Number = 1,
                EffectiveAtMs = 0,
                Terms = terms,
                CreatedAtMs = 0,
                Actor = "t",
            }));
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(3300, (await new CyclePlanner(_rows.Store).RunAsync(Now)).Made);
        Assert.Equal(3, (await _rows.CyclesAsync(1100)).Count);
    }

    [Fact]
    public async Task One_contract_is_planned_in_its_writers_transaction()
    {
        var contract = await _rows.AddAsync("c", "UTC", Line("2026-01-10"));
        await _rows.AddAsync("other", "UTC", Line("2026-01-10"));
        await using (var db = _rows.Store.Context())
        {
            var cancellation = TestContext.Current.CancellationToken;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
            Assert.Equal(5, (await CyclePlanner.PlanAsync(db, contract, Now, cancellation)).Made);
        }

        Assert.Empty(await _rows.CyclesAsync(contract));
    }

    async Task<List<string>> Shown(long contract) => [.. (await _rows.CyclesAsync(contract)).Select(row =>
    {
        var end = Short(row.EndMs) + (row.EndMs == row.FullEndMs ? "" : $"/{Short(row.FullEndMs)}");
        return $"{row.Number} {Short(row.StartMs)}..{end} {Short(row.IssueAtMs)} {row.State}";
    })];

    static string Short(long ms)
    {
        var day = Instant.FromUnixTimeMilliseconds(ms).InUtc().Date;
        return $"{(day.Year == 2026 ? "" : $"{day.Year % 100:00}-")}{day.Month:00}-{day.Day:00}";
    }
}

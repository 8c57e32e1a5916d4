using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Received.Usage;
using Received.Usage.DuckDb;

namespace Received.Bench.Invoices;

/// <summary>
/// An invoice run over many contracts: a fee and usage each, a month of it in windows, through the real stores. Prints
/// invoices a second with all that a transaction holds, memory, and how long one cycle's total takes to read.
/// </summary>
static class InvoiceBench
{
    const int PartitionCount = 8;
    const int Looks = 1000;

    static readonly AccountId Account = new(1);
    static readonly Currency Eur = Currency.Parse("EUR");
    static readonly long StartMs = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    static readonly long EndMs = new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <returns>0 when every contract was invoiced once, with the amount that its usage comes to.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var contracts = Number(args, "--contracts", 10_000);
        var windows = Number(args, "--windows", 100);
        var folder = Directory.CreateTempSubdirectory("received-invoices-").FullName;
        try
        {
            var store = await BillingStore.OpenAsync(folder);
            await using var usage = new DuckDbUsageStore(new() { Path = Path.Combine(folder, "usage.duckdb") });
            await usage.OpenAsync(new(Guid.NewGuid(), 1, PartitionCount, LogIdentity.DefaultDedupeWindow, 1));
            await SeedUsageAsync(usage, contracts, windows);
            await SeedContractsAsync(store, contracts);
            var totals = new CycleTotalsReader(usage, (_, customer) => PartitionOf(customer));
            var ok = await MeasureRunAsync(store, totals, contracts, windows);
            await MeasureTotalsAsync(totals, contracts);
            return ok ? 0 : 1;
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<bool> MeasureRunAsync(BillingStore store, CycleTotalsReader totals, int contracts, int windows)
    {
        var invoicer = new Invoicer(
            store, new(store), totals, TimeProvider.System, NullLogger<Invoicer>.Instance);
        using var process = Process.GetCurrentProcess();
        var processor = process.TotalProcessorTime;
        var started = Stopwatch.GetTimestamp();
        var report = await invoicer.RunAsync();
        var took = Stopwatch.GetElapsedTime(started);
        process.Refresh();
        processor = process.TotalProcessorTime - processor;
        Print(
            $"run      {report.Issued} invoices with charges, entries and numbers in {took.TotalSeconds:N2} s: "
            + $"{report.Issued / took.TotalSeconds:N0}/s, {processor.TotalMilliseconds / report.Issued:N2} ms of "
            + $"processor each; {report.Waiting} wait, {report.Problems.Count} problems");
        Print($"memory   {process.PeakWorkingSet64 / 1048576.0:N0} MiB at most, DuckDB and seeding included");
        var again = Stopwatch.GetTimestamp();
        var second = await invoicer.RunAsync();
        Print($"again    {second.Issued} invoices in {Stopwatch.GetElapsedTime(again).TotalSeconds:N2} s");
        var sum = (await new InvoiceBook(store, totals, TimeProvider.System).ListAsync(Account, null, null, 0, 1))[0];
        var net = 1000 + (windows * 25);
        return report.Issued == contracts && second.Issued == 0 && sum.Record.Net == new Money(net, Eur).ToText();
    }

    static async Task MeasureTotalsAsync(CycleTotalsReader totals, int contracts)
    {
        var took = new List<double>(Looks);
        for (var i = 0; i < Looks; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await totals.ReadAsync(Account, [new(0, Customer(i * 7 % contracts), "calls", StartMs, EndMs)]);
            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        took.Sort();
        Print($"total    of one cycle: p50 {took[Looks / 2]:N1} ms, p99 {took[Looks * 99 / 100]:N1} ms");
    }

    static async Task SeedUsageAsync(DuckDbUsageStore usage, int contracts, int windows)
    {
        var step = (int)((EndMs - StartMs) / UsageWindow.LengthMs / windows);
        foreach (var part in Enumerable.Range(0, contracts).GroupBy(i => PartitionOf(Customer(i))))
        {
            var batch = new RatedBatch(part.Key) { Progress = new(part.Key, 1, 1, 1, EndMs) };
            foreach (var i in part)
            {
                var series = (UInt128)(i + 1);
                batch.Series.Add(new(series, Account, Customer(i), "calls", "", ""));
                for (var w = 0; w < windows; w++)
                {
                    var window = UsageWindow.Of(StartMs) + (w * step);
                    var sum = 100 * Quantity.Scale;
                    batch.Totals.Add(new(
                        series, window, sum, 10, sum, sum, sum, UsageWindow.StartMs(window), 1, 0, 0));
                }
            }

            await usage.WriteAsync([batch]);
        }

        var nowMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await usage.WriteHeartbeatsAsync(
            [.. Enumerable.Range(0, PartitionCount).Select(p => new Heartbeat(new((ushort)p), 1, nowMs, 1))]);
    }

    static async Task SeedContractsAsync(BillingStore store, int contracts)
    {
        await using var db = store.Context();
        db.Accounts.Add(new() { Name = "bench", AllowsNegativeQuantity = false, CreatedAtMs = 0 });
        await db.SaveChangesAsync();
        db.Entities.Add(new()
        {
            AccountId = Account.Value,
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
        var customers = Enumerable.Range(0, contracts).Select(Row).ToList();
        db.Customers.AddRange(customers);
        await db.SaveChangesAsync();
        var rows = customers.Select(customer => new ContractRow
        {
            AccountId = Account.Value,
            Ref = "contract " + customer.Ref,
            CustomerId = customer.Id,
            Zone = "UTC",
            LatestVersion = 1,
            CreatedAtMs = 0,
        }).ToList();
        db.Contracts.AddRange(rows);
        await db.SaveChangesAsync();
        var terms = TermsJson.Write(Terms());
        foreach (var row in rows)
        {
            db.ContractVersions.Add(new()
            {
                ContractId = row.Id,
                Number = 1,
                EffectiveAtMs = 0,
                Terms = terms,
                CreatedAtMs = 0,
                Actor = "bench",
            });
            db.Cycles.AddRange(Terms().Lines.Select(line => Cycle(row.Id, line.LineRef)));
        }

        await db.SaveChangesAsync();
    }

    static CustomerRow Row(int i) => new()
    {
        AccountId = Account.Value,
        Ref = Customer(i),
        Version = 1,
        Name = "Customer " + i,
        Address = "Street 1\nTown",
        Country = "DE",
        Language = "en",
        IsArchived = false,
        ChangedAtMs = 0,
    };

    static CycleRow Cycle(long contract, string line) => new()
    {
        AccountId = Account.Value,
        ContractId = contract,
        LineRef = line,
        Number = 0,
        StartMs = StartMs,
        EndMs = EndMs,
        FullStartMs = StartMs,
        FullEndMs = EndMs,
        IssueAtMs = EndMs,
        State = CycleState.Open,
        Revision = 0,
    };

    static ContractTerms Terms()
    {
        var tax = new TaxTerms("VAT", new(19 * Quantity.Scale), null);
        var month = new CycleTerms(1, CycleAlignment.Calendar, null);
        var (start, end) = (new DateOnly(2026, 1, 1), new DateOnly(2026, 2, 1));
        return new(
            InvoiceGrouping.Collective, 30, true,
            [
                new("base", "base", "e", "Base fee", new FlatPrice(new(1000, Eur)), month, BillingTiming.Arrears, null,
                    tax, start, end, true),
                new("calls", "calls", "e", "Calls", new PerUnitPrice(Eur, Quantity.ParseScaled("0.0025")), month,
                    BillingTiming.Arrears, null, tax, start, end, true),
            ]);
    }

    static string Customer(int i) => string.Create(CultureInfo.InvariantCulture, $"customer-{i:D6}");

    static PartitionId PartitionOf(string customer) =>
        new((ushort)(int.Parse(customer.AsSpan(9), CultureInfo.InvariantCulture) % PartitionCount));

    static int Number(string[] args, string name, int otherwise) => Array.IndexOf(args, name) is var at and >= 0
        ? int.Parse(args[at + 1], CultureInfo.InvariantCulture)
        : otherwise;

    static void Print(string line) => Console.WriteLine(line);
}

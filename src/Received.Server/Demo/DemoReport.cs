using Received.Model;
using Spectre.Console;

namespace Received.Server.Demo;

/// <summary>What the demo prints at its end, for people: figures first, then the verdict.</summary>
sealed class DemoReport(IAnsiConsole console, DemoPlan plan, DemoTally tally)
{
    const int TopCustomers = 10;
    const int DifferencesShown = 20;

    public async Task PrintAsync(DemoResult result, UsageReader reader, CancellationToken cancellation)
    {
        PrintStream();
        PrintTopCustomers(result);
        await PrintMonthAsync(reader, cancellation);
        PrintConservation(result);
        foreach (var difference in result.Differences.Take(DifferencesShown))
            console.MarkupLineInterpolated($"[red]DIFFERENT[/] {difference}");
        var compared = DemoPlan.CustomerCount * DemoPlan.ProductCount;
        if (result.Agrees)
            console.MarkupLineInterpolated($"[green]All {compared} totals agree with what was sent, to the unit.[/]");
        else
            console.MarkupLineInterpolated($"[red]{result.Differences.Count:N0} differences.[/]");
    }

    void PrintStream()
    {
        var table = Table("Stream", "", "p50 ms", "p99 ms");
        table.AddRow(
            "batches of 1000", Rate(), $"{tally.Percentile(false, 0.5):N1}", $"{tally.Percentile(false, 0.99):N1}");
        table.AddRow(
            "single events", "", $"{tally.Percentile(true, 0.5):N1}", $"{tally.Percentile(true, 0.99):N1}");
        console.Write(table);
    }

    string Rate() => $"{tally.Answered / tally.Elapsed.TotalSeconds:N0} events/s in all, the kill included";

    void PrintTopCustomers(DemoResult result)
    {
        var names = Enumerable.Range(0, DemoPlan.CustomerCount).ToDictionary(plan.CustomerRef, DemoPlan.CustomerName);
        var products = Enumerable.Range(0, DemoPlan.ProductCount).Select(DemoPlan.ProductName).ToArray();
        var table = Table("Top customers by events", ["events", .. products]);
        var byCustomer = result.Totals.GroupBy(total => total.CustomerRef)
            .OrderByDescending(group => group.Sum(total => total.Count)).Take(TopCustomers);
        foreach (var customer in byCustomer)
        {
            var sums = Enumerable.Range(0, DemoPlan.ProductCount).Select(product => Quantity.Format(
                customer.FirstOrDefault(total => total.ProductRef == DemoPlan.ProductRef(product)).Sum));
            table.AddRow([
                Markup.Escape(names.GetValueOrDefault(customer.Key, customer.Key)),
                $"{customer.Sum(total => total.Count):N0}", .. sums,
            ]);
        }

        console.Write(table);
    }

    async Task PrintMonthAsync(UsageReader reader, CancellationToken cancellation)
    {
        var totals = await reader.TotalsAsync(
            $"{DemoCheck.Range(plan)}&group=day&zone=UTC&product={DemoPlan.ProductRef(0)}&limit=10000", cancellation);
        var chart = new BarChart().Label(DemoPlan.ProductName(0) + " by day (UTC), all customers").LeftAlignLabel();
        foreach (var day in totals.GroupBy(total => total.Start[..10]).OrderBy(day => day.Key, StringComparer.Ordinal))
        {
            var sum = day.Aggregate((Int128)0, (all, total) => all + total.Sum);
            chart.AddItem(day.Key, (double)(long)(sum / Quantity.Scale), Color.SteelBlue1);
        }

        console.Write(chart);
    }

    void PrintConservation(DemoResult result)
    {
        var table = Table("Conservation", "events");
        table.AddRow("distinct events sent", $"{result.Planned.Values.Sum():N0}");
        table.AddRow("  = counted", $"{result.Audit.Counted:N0}");
        table.AddRow("  + conflicts", $"{result.Conflicts:N0}");
        table.AddRow("  + refused at the door", $"{result.Refused:N0}");
        table.AddRow("duplicates (apart)", $"{result.Audit.Duplicate:N0}");
        table.AddRow("  of them sent again on purpose", $"{tally.SentAgain:N0}");
        table.AddRow("audit: accepted", $"{result.Audit.Accepted:N0}");
        table.AddRow(
            "  = counted + duplicate + conflict + parked",
            $"{result.Audit.Counted + result.Audit.Duplicate + result.Audit.Conflict + result.Audit.Parked:N0}");
        table.AddRow("  balanced", result.Audit.Balanced == true ? "yes" : "NO");
        console.Write(table);
    }

    static Table Table(string title, params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn(Markup.Escape(title));
        foreach (var column in columns) table.AddColumn(new TableColumn(Markup.Escape(column)).RightAligned());
        return table;
    }
}

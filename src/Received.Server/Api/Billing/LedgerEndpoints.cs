using Received.Billing.Ledger;

namespace Received.Server.Api.Billing;

/// <summary>The books' reports: JSON, or whole as CSV.</summary>
static class LedgerEndpoints
{
    const int LimitDefault = 1_000;
    const int LimitMax = 10_000;

    public static async Task<IResult> HandleTrialBalance(HttpContext http, LedgerReports reports, TimeProvider time)
    {
        var (text, csv) = Read(http);
        var month = text.Month("month") ?? LedgerText.PeriodAt(time.GetUtcNow());
        var lines = await reports.TrialBalanceAsync(
            Callers.Account(http).Id, month, text["entity"], http.RequestAborted);
        var items = lines.Select(LedgerItems.Of).ToList();
        return csv
            ? LedgerTable.Csv($"trial-balance-{LedgerText.Month(month)}.csv", LedgerItems.TrialBalance, Stream(items))
            : TypedResults.Ok(new TrialBalanceAnswer(LedgerText.Month(month), items));
    }

    public static async Task<IResult> HandleStatement(HttpContext http, AccountStatement statement)
    {
        var (text, csv) = Read(http);
        LedgerAccount? ledger = text["account"] is { } name
            ? LedgerNames.Account(name) ?? throw new RefusedException(Problem.Parameter(
                "account", $"'account' must be one of {string.Join(", ", LedgerNames.Accounts)}."))
            : null;
        var customer = text["customer"];
        if (ledger is null && customer is null)
            return Problem.Parameter("account", "Name an 'account' of the ledger, a 'customer', or both.");
        var skip = csv ? 0 : text.Place();
        var limit = text.Limit(LimitDefault, LimitMax);
        var query = new StatementQuery(
            Callers.Account(http).Id, ledger, customer, text["entity"], text.Month("from") ?? 0,
            text.Month("to") ?? int.MaxValue, skip, csv ? long.MaxValue : limit + 1);
        var items = statement.ReadAsync(query, http.RequestAborted).Select(LedgerItems.Of);
        if (csv) return LedgerTable.Csv("statement.csv", LedgerItems.Statement, items);
        var page = await items.ToListAsync(http.RequestAborted);
        return TypedResults.Ok(new StatementAnswer(
            [.. page.Take(limit)], page.Count > limit ? $"{skip + limit}" : null));
    }

    public static async Task<IResult> HandleEntries(HttpContext http, Journal journal)
    {
        var text = new QueryText(http.Request.Query);
        var limit = text.Limit(100, 1_000);
        long? invoice = text["invoice"] is { } name
            ? ReadId(name, "inv_") ?? throw new RefusedException(Problem.Parameter(
                "invoice", "'invoice' must be the id of an invoice, such as inv_17."))
            : null;
        var entries = await journal.ReadAsync(
            new(
                Callers.Account(http).Id, text.Month("month"), text["entity"], text["source"], invoice, text.Place(),
                limit + 1),
            http.RequestAborted);
        return TypedResults.Ok(new EntriesAnswer(
            [.. entries.Take(limit).Select(LedgerItems.Of)],
            entries.Count > limit ? $"{entries[limit - 1].Id}" : null));
    }

    public static async Task<IResult> HandleRevenue(HttpContext http, LedgerReports reports, TimeProvider time)
    {
        var (text, csv) = Read(http);
        var to = text.Month("to") ?? LedgerText.PeriodAt(time.GetUtcNow());
        // Twelve months, this one included.
        var from = text.Month("from") ?? to - 11;
        if (from > to) return Problem.Parameter("from", "'from' must not be after 'to': both months are included.");
        var lines = await reports.RevenueAsync(
            Callers.Account(http).Id, from, to, text["entity"], http.RequestAborted);
        var items = lines.Select(LedgerItems.Of).ToList();
        return csv
            ? LedgerTable.Csv("revenue.csv", LedgerItems.Revenue, Stream(items))
            : TypedResults.Ok(new RevenueAnswer(items));
    }

    public static async Task<IResult> HandleAgeing(HttpContext http, LedgerReports reports, TimeProvider time)
    {
        var (text, csv) = Read(http);
        var day = text.Day("date") ?? LedgerText.DayAt(time.GetUtcNow());
        var lines = await reports.AgeingAsync(Callers.Account(http).Id, day, text["entity"], http.RequestAborted);
        var items = lines.Select(LedgerItems.Of).ToList();
        return csv
            ? LedgerTable.Csv($"ageing-{LedgerText.Date(day)}.csv", LedgerItems.Ageing, Stream(items))
            : TypedResults.Ok(new AgeingAnswer(LedgerText.Date(day), items));
    }

    public static async Task<IResult> HandleCheck(HttpContext http, BookCheck check)
    {
        var differences = await check.RunAsync(Callers.Account(http).Id, http.RequestAborted);
        return TypedResults.Ok(new BookCheckAnswer(
            differences.Count == 0,
            [
                .. differences.Select(line => new BookDifferenceItem(
                    line.Rule, line.EntityRef, line.Currency, line.Subject,
                    LedgerText.Amount(line.BooksMinor, line.Currency),
                    LedgerText.Amount(line.ExpectedMinor, line.Currency))),
            ]));
    }

    static long? ReadId(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.Ordinal)
        && long.TryParse(text.AsSpan(prefix.Length), System.Globalization.NumberStyles.None, null, out var id)
            ? id
            : null;

    static (QueryText Text, bool Csv) Read(HttpContext http)
    {
        var text = new QueryText(http.Request.Query);
        var accepted = http.Request.Headers.Accept.ToString();
        var otherwise = accepted.Contains("text/csv", StringComparison.OrdinalIgnoreCase)
            ? LedgerFormat.Csv
            : LedgerFormat.Json;
        return (text, text.Choice("format", otherwise) == LedgerFormat.Csv);
    }

    static IAsyncEnumerable<T> Stream<T>(IEnumerable<T> items) => items.ToAsyncEnumerable();
}

enum LedgerFormat
{
    Json,
    Csv,
}

using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Received.Billing.Documents;
using Received.Billing.Invoices;
using Received.Billing.Payments.Wire;

namespace Received.Server.Api.Billing;

/// <summary>Invoices of the key's account: read, previewed, shown as documents, issued, voided.</summary>
static class InvoiceEndpoints
{
    const int LimitDefault = 100;
    const string PdfType = "application/pdf";

    public static async Task<IResult> HandleList(HttpContext http, InvoiceBook book)
    {
        var text = new QueryText(http.Request.Query);
        var limit = text.Limit(LimitDefault, InvoiceBook.PageMax);
        InvoiceState? state = text["state"] is { } name ? StateOf(name) : null;
        var after = 0L;
        if (text["cursor"] is { } cursor && !InvoiceId.TryParse(cursor, out after))
            throw new RefusedException(QueryText.CursorProblem);
        var page = await book.ListAsync(
            Callers.Account(http).Id, text["customer"], state, after, limit + 1, http.RequestAborted);
        var next = page.Count > limit ? InvoiceId.Format(page[limit - 1].Id) : null;
        return TypedResults.Ok(new InvoicesPage([.. page.Take(limit).Select(ToSummary)], next));
    }

    public static async Task<IResult> HandleOne(HttpContext http, string invoice, InvoiceBook book) =>
        await FindAsync(http, invoice, book) is { } found
            ? TypedResults.Ok(new InvoiceAnswer(ToSummary(found), Canonical(found.Record)))
            : NotFound(invoice);

    public static async Task<IResult> HandleHtml(HttpContext http, string invoice, InvoiceBook book)
    {
        if (await FindAsync(http, invoice, book) is not { } found) return NotFound(invoice);
        http.Response.Headers.ContentSecurityPolicy = InvoiceHtml.ContentSecurityPolicy;
        return TypedResults.Content(InvoiceHtml.Render(Document(found)), InvoiceHtml.ContentType);
    }

    public static async Task<IResult> HandlePdf(HttpContext http, string invoice, InvoiceBook book) =>
        await FindAsync(http, invoice, book) is { } found
            ? TypedResults.File(
                InvoicePdf.Render(Document(found)), PdfType, $"{found.Number ?? InvoiceId.Format(found.Id)}.pdf")
            : NotFound(invoice);

    public static async Task<IResult> HandleNext(HttpContext http, InvoiceBook book)
    {
        var reference = RefPath.Read(http, segment: 4);
        try
        {
            var next = await book.NextAsync(Callers.Account(http).Id, reference, http.RequestAborted);
            return next is null
                ? Problem.Of(404, "contract_not_found", $"There is no contract {Problem.Shown(reference)}.")
                : TypedResults.Ok(new InvoicePreview([.. next.Invoices.Select(Canonical)], next.Waiting));
        }
        catch (BillingDataException e)
        {
            return Problem.Of(409, "contract_not_billable", e.Message);
        }
    }

    public static async Task<IResult> HandleIssue(HttpContext http, string invoice, InvoiceBook book) =>
        await ChangeAsync(http, invoice, book, book.IssueAsync, "Only a draft can be issued.");

    public static async Task<IResult> HandleVoid(HttpContext http, string invoice, InvoiceBook book) =>
        await ChangeAsync(
            http, invoice, book, book.VoidAsync,
            "A draft or an issued invoice without payments can be voided: take its payments back first.");

    public static async Task<IResult> HandleRun(HttpContext http, Invoicer invoicer)
    {
        var report = await invoicer.RunAsync(Callers.AccountOrNull(http)?.Id, http.RequestAborted);
        return TypedResults.Ok(new InvoiceRunAnswer(
            report.Issued, report.Drafts, report.Waiting, report.Settled,
            [.. report.Problems.Select(p => new InvoiceProblemItem(p.AccountId, p.ContractRef, p.Reason))]));
    }

    delegate Task<InvoiceChange> Change(
        Model.AccountId account, long id, string actor, CancellationToken cancellation);

    static async Task<IResult> ChangeAsync(
        HttpContext http, string invoice, InvoiceBook book, Change change, string whyRefused)
    {
        if (!InvoiceId.TryParse(invoice, out var id)) return NotFound(invoice);
        var outcome = await change(Callers.Account(http).Id, id, Callers.Actor(http), http.RequestAborted);
        return outcome switch
        {
            InvoiceChange.Done => await HandleOne(http, invoice, book),
            InvoiceChange.Unknown => NotFound(invoice),
            InvoiceChange.Refused => Problem.Of(409, "invoice_state", whyRefused),
        };
    }

    static async Task<ListedInvoice?> FindAsync(HttpContext http, string invoice, InvoiceBook book) =>
        InvoiceId.TryParse(invoice, out var id)
            ? await book.FindAsync(Callers.Account(http).Id, id, http.RequestAborted)
            : null;

    static ProblemHttpResult NotFound(string invoice) => BillingProblem.NotFound("invoice", invoice);

    static InvoiceState StateOf(string name)
    {
        foreach (var state in Enum.GetValues<InvoiceState>())
            if (InvoiceId.Name(state) == name) return state;
        throw new RefusedException(Problem.Parameter(
            "state",
            $"'state' must be one of {string.Join(", ", Enum.GetValues<InvoiceState>().Select(InvoiceId.Name))}."));
    }

    static InvoiceDocument Document(ListedInvoice invoice) => invoice.ToDocument(
        invoice.Record.Bank is { } bank
            ? new(bank.Name, bank.Iban, bank.Bic, RfReference.Grouped(RfReference.OfInvoice(invoice.Id)))
            : null);

    static InvoiceSummary ToSummary(ListedInvoice invoice)
    {
        var record = invoice.Record;
        return new(
            InvoiceId.Format(invoice.Id), invoice.Number, InvoiceId.Name(invoice.State), record.CustomerRef,
            record.ContractRef, record.EntityRef, record.Currency, Date(record.IssueDate), Date(record.DueDate),
            invoice.IssuedAt?.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), record.Net,
            record.Tax, record.Total, invoice.Paid.ToText(), invoice.Open.ToText());
    }

    static string Date(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static RawJson Canonical(InvoiceRecord record) => new(Encoding.UTF8.GetBytes(record.ToJson()));
}

using System.Globalization;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Log;
using Received.Rating;
using Received.Server.Hosting;
using Received.Usage;

namespace Received.Server.Api.Billing;

/// <summary>
/// Law 5 for an invoice: <c>POST /api/invoices/{invoice}/verify</c>. Its customer's partition is rated anew from log
/// and archive, up to exactly the positions that the invoice states, priced, and compared byte for byte.
/// </summary>
static class VerifyEndpoint
{
    public static async Task<IResult> Handle(
        HttpContext http, string invoice, BillingStore store, RerateRun rerate, Engine engine)
    {
        if (engine.Refusal is { } refusal) return Problem.LogRefused(refusal);
        var cancellation = http.RequestAborted;
        try
        {
            if (!InvoiceId.TryParse(invoice, out var id)
                || await InvoiceVerification.OpenAsync(store, Callers.Account(http).Id, id, cancellation)
                    is not { } verification)
            {
                return BillingProblem.NotFound("invoice", invoice);
            }

            var answer = await rerate.UseAsync(
                async (anew, scratch) => ToAnswer(
                    await verification.RunAsync(
                        scratch, (upTo, token) => RateAsync(anew, upTo, token), cancellation),
                    anew.FrameCount, anew.EventCount), cancellation);
            return answer is null
                ? Problem.Of(409, "rerate_running", "Totals are being made anew already; ask again when that is done.")
                : TypedResults.Ok(answer);
        }
        catch (BillingDataException e)
        {
            return Problem.Of(409, "invoice_not_verifiable", e.Message);
        }
        catch (UsageNotAtHandException e)
        {
            return Problem.Of(409, "usage_not_at_hand", e.Message);
        }
    }

    static async Task RateAsync(RatingAnew anew, RatedUpTo upTo, CancellationToken cancellation)
    {
        try
        {
            await anew.RateAsync(upTo, cancellation);
        }
        catch (Exception e) when (e is InvalidOperationException or LogRangeException)
        {
            throw new UsageNotAtHandException(e.Message);
        }
    }

    static VerifyAnswer ToAnswer(VerifiedInvoice verified, long frames, long events) => new(
        verified.Equal, frames, events,
        [
            .. verified.Lines.Select(line => new VerifyLine(
                line.LineRef, line.Product, Date(line.Start), Date(line.End), line.Quantity, line.QuantityAnew,
                line.Amount, line.AmountAnew, line.Equal)),
        ],
        verified.Differences);

    static string Date(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Neither log nor archive has what the invoice was made of.</summary>
sealed class UsageNotAtHandException(string message) : Exception(message);

/// <summary>An invoice beside the same made anew.</summary>
/// <param name="Equal">Byte for byte in the canonical form, and so are the stored charges.</param>
/// <param name="Frames">Rated anew for it.</param>
/// <param name="Differences">Sentences.</param>
sealed record VerifyAnswer(
    bool Equal, long Frames, long Events, IReadOnlyList<VerifyLine> Lines, IReadOnlyList<string> Differences);

/// <param name="End">The day after the last one.</param>
/// <param name="Quantity">As billed; absent where the invoice has no such line.</param>
/// <param name="QuantityAnew">As rated anew; absent where there is no such line then.</param>
sealed record VerifyLine(
    string LineRef, string Product, string Start, string End, string? Quantity, string? QuantityAnew, string? Amount,
    string? AmountAnew, bool Equal);

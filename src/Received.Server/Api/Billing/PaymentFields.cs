using System.Globalization;
using System.Text;
using Received.Billing.Invoices;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Model;

namespace Received.Server.Api.Billing;

/// <summary>Fields of payments' requests, read exactly or refused by their pointer.</summary>
sealed class PaymentFields(TimeProvider time)
{
    const string IdempotencyHeader = "Idempotency-Key";
    const int RefBytesMax = 128;

    static readonly (string Name, RestRule Rule)[] Rests =
        [("oldest_first", RestRule.OldestFirst), ("credit", RestRule.Credit)];

    /// <summary>Null where none was sent.</summary>
    public static string? Key(HttpContext http)
    {
        var header = http.Request.Headers[IdempotencyHeader].ToString();
        if (header.Length > TransferRecord.ExternalIdLengthMax)
            throw new RefusedException(Problem.Of(
                422, "idempotency_key_invalid",
                $"The header {IdempotencyHeader} has at most {TransferRecord.ExternalIdLengthMax} characters."));
        return header.Length == 0 ? null : header;
    }

    public TransferRecord Transfer(RecordPaymentBody body, string? idempotencyKey)
    {
        if (body.Method is not (null or WireTransfer.MethodName))
            throw Refuse("/method", "Only transfers are recorded by hand: 'wire'. Cards are paid where "
                + "POST /api/invoices/{invoice}/pay says.");
        if (!Currency.TryParse(body.Currency, out var currency))
            throw Refuse("/currency", "'currency' must be an ISO 4217 code such as EUR.");
        var invoices = body.Invoices ?? [];
        if (invoices.Count > TransferRecord.InvoicesMax)
            throw Refuse("/invoices", $"At most {TransferRecord.InvoicesMax} invoices: record the transfer without, "
                + "and allocate it in parts.");
        // As an id it would make one payment of all transfers without one.
        if (body.ExternalId is { } id && string.IsNullOrWhiteSpace(id))
            throw Refuse("/external_id", "Leave it out where the transfer has none.");
        var external = Text(body.ExternalId, "/external_id", TransferRecord.ExternalIdLengthMax) ?? idempotencyKey;
        return new(
            AmountOrNull(body.Amount, currency, "/amount") ?? throw Refuse("/amount", "'amount' is missing."),
            ReceivedOn(body.ReceivedOn),
            Text(body.Reference, "/reference", TransferRecord.ReferenceLengthMax) ?? "", external,
            Ref(body.CustomerRef, "/customer_ref"), Ref(body.EntityRef, "/entity_ref"),
            [.. invoices.Select((invoice, index) => Invoice(invoice, $"/invoices/{index}"))], RestOf(body.Rest));
    }

    public static IReadOnlyList<AllocationPart> Parts(AllocateBody body, Currency currency)
    {
        if (body.Allocations is not { Count: > 0 and <= TransferRecord.InvoicesMax } items)
            throw Refuse("/allocations", $"'allocations' must list 1 to {TransferRecord.InvoicesMax} invoices.");
        return
        [
            .. items.Select((item, index) => new AllocationPart(
                Invoice(item.Invoice, $"/allocations/{index}/invoice"),
                AmountOrNull(item.Amount, currency, $"/allocations/{index}/amount")?.Minor)),
        ];
    }

    public static Money? AmountOrNull(string? text, Currency currency, string pointer)
    {
        if (text is null) return null;
        return Money.TryParse(text, currency, out var money) && money.Minor > 0
            ? money
            : throw Refuse(
                pointer, $"It must be a decimal text above zero with at most {currency.MinorDigits} decimals, such as "
                + $"\"{new Money(11_900, currency).ToText()}\".");
    }

    public static long Invoice(string? text, string pointer) =>
        InvoiceId.TryParse(text ?? "", out var id)
            ? id
            : throw Refuse(pointer, "It must be the id of an invoice, such as \"inv_17\".");

    public static long InvoiceInPath(string text) =>
        InvoiceId.TryParse(text, out var id)
            ? id
            : throw new RefusedException(BillingProblem.NotFound("invoice", text));

    DateOnly ReceivedOn(string? text)
    {
        // A day ahead of UTC it is already tomorrow in some zones.
        var latest = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(1);
        return DateOnly.TryParseExact(
            text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            && day <= latest && day.Year >= 2000
            ? day
            : throw Refuse("/received_on", "'received_on' must be a date such as \"2026-03-01\", not in the future.");
    }

    static RestRule RestOf(string? text)
    {
        if (text is null) return RestRule.OldestFirst;
        foreach (var (name, rule) in Rests)
            if (name == text) return rule;
        throw Refuse("/rest", $"'rest' must be one of {string.Join(", ", Rests.Select(rest => rest.Name))}.");
    }

    static string? Text(string? text, string pointer, int max)
    {
        if (text is null) return null;
        if (text.Length > max) throw Refuse(pointer, $"At most {max} characters.");
        return text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
            ? throw Refuse(pointer, "Control characters are not taken.")
            : text;
    }

    static string? Ref(string? text, string pointer) =>
        text is null || (text.Length > 0 && Encoding.UTF8.GetByteCount(text) <= RefBytesMax)
            ? text
            : throw Refuse(pointer, $"A reference has 1 to {RefBytesMax} bytes.");

    static RefusedException Refuse(string pointer, string detail) =>
        new(PaymentProblem.Of(422, "field_invalid", detail, pointer));
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;

namespace Received.Billing.Contracts;

/// <summary>
/// A version's terms as it is stored: canonical JSON, fields in the order of these records, absent instead of null.
/// Stored for good: fields may be added, never renamed.
/// </summary>
static class TermsJson
{
    public static string Write(ContractTerms terms) =>
        JsonSerializer.Serialize(ToStored(terms), StoredTermsJson.Default.StoredTerms);

    /// <exception cref="JsonException">Not what <see cref="Write"/> has written.</exception>
    public static ContractTerms Read(string json) =>
        FromStored(JsonSerializer.Deserialize(json, StoredTermsJson.Default.StoredTerms)
            ?? throw new JsonException("No terms."));

    /// <exception cref="JsonException">As <see cref="Read"/>.</exception>
    public static ContractVersion ReadVersion(ContractVersionRow row) =>
        new(row.Number, row.EffectiveAtMs, Read(row.Terms));

    static StoredTerms ToStored(ContractTerms terms) => new(
        terms.Grouping, terms.PaymentDays, terms.IssuesAlone,
        [
            .. terms.Lines.Select(line => new StoredLine(
                line.LineRef, line.ProductRef, line.EntityRef, line.Description, PriceModels.Write(line.Price),
                line.Cycle.Months, line.Cycle.Alignment, line.Cycle.AnchorDay, line.Timing, line.IssueDay,
                line.Tax.Name, line.Tax.Rate.ToString(), line.Tax.Note, line.Start, line.End, line.IsDefault)),
        ]);

    static ContractTerms FromStored(StoredTerms terms) => new(
        terms.Grouping, terms.PaymentDays, terms.IssuesAlone,
        [
            .. terms.Lines.Select(line => new LineTerms(
                line.LineRef, line.ProductRef, line.EntityRef, line.Description,
                PriceModels.Read(line.Price, out var refusal)
                    ?? throw new JsonException($"price.{refusal!.Field}: {refusal.Reason}"),
                new(line.Months, line.Alignment, line.AnchorDay), line.Timing, line.IssueDay,
                new(line.TaxName, new(Quantity.ParseScaled(line.TaxRate)), line.TaxNote),
                line.Start, line.End, line.IsDefault)),
        ]);
}

sealed record StoredTerms(
    InvoiceGrouping Grouping, int PaymentDays, bool IssuesAlone, IReadOnlyList<StoredLine> Lines);

sealed record StoredLine(
    string LineRef, string ProductRef, string EntityRef, string Description, PriceModels.Fields Price, int Months,
    CycleAlignment Alignment, int? AnchorDay, BillingTiming Timing, DateOnly? IssueDay, string TaxName, string TaxRate,
    string? TaxNote, DateOnly Start, DateOnly? End, bool IsDefault);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredTerms))]
sealed partial class StoredTermsJson : JsonSerializerContext;

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Received.Billing.Invoices;

/// <summary>
/// An invoice in its canonical form (law 5): all that it shows and all that it is made of, but its number and time of
/// issue. Stored as JSON with fields in this order, absent instead of null: the same usage, contract versions and
/// parties give the same bytes. Amounts and quantities are decimal texts. Stored for good: fields may be added, never
/// renamed or moved.
/// </summary>
public sealed record InvoiceRecord(
    string ContractRef, string CustomerRef, string EntityRef, string Zone, string Currency, DateOnly IssueDate,
    DateOnly DueDate, string Language, InvoiceParty Seller, InvoiceParty Buyer, InvoiceBank? Bank,
    IReadOnlyList<InvoiceLine> Lines, IReadOnlyList<InvoiceTax> Taxes, string Net, string Tax, string Total,
    IReadOnlyList<InvoiceCharge> Charges)
{
    public string ToJson() => JsonSerializer.Serialize(this, InvoiceRecordJson.Canonical.InvoiceRecord);

    /// <exception cref="JsonException">Not what <see cref="ToJson"/> has written.</exception>
    public static InvoiceRecord FromJson(string json) =>
        JsonSerializer.Deserialize(json, InvoiceRecordJson.Canonical.InvoiceRecord)
        ?? throw new JsonException("No invoice.");
}

/// <param name="Address">Lines, with line feeds between them.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record InvoiceParty(
    string Name, string Address, string Country, string? TaxId, string? RegisterNumber, string? Email);

public sealed record InvoiceBank(string? Name, string? Iban, string? Bic);

/// <summary>A line as it is shown: a stretch of a cycle under one price, or late usage of a cycle.</summary>
/// <param name="Start">First day of service, in the contract's zone.</param>
/// <param name="End">The day after the last one.</param>
/// <param name="Quantity">What this line bills.</param>
/// <param name="UnitPrice">Absent where the amount is no product of quantity and price.</param>
/// <param name="IsLate">The difference to what was invoiced of the cycle before.</param>
public sealed record InvoiceLine(
    int Number, long CycleId, string LineRef, string ProductRef, string Product, string Description, string Unit,
    DateOnly Start, DateOnly End, long StartMs, long EndMs, string Quantity, string? UnitPrice, string Amount,
    string TaxName, string TaxRate, bool IsLate);

/// <summary>Tax of one name and rate: the rate of the sum of its lines, rounded once (EN 16931 BR-CO-17).</summary>
public sealed record InvoiceTax(string Name, string Rate, string? Note, string Taxable, string Tax);

/// <summary>A cycle's revision in this invoice, and what it was computed from.</summary>
/// <param name="Versions">Of the contract, that it was priced with.</param>
/// <param name="Position">Absent where it is for time alone.</param>
/// <param name="Quantity">Of the whole cycle up to the position.</param>
/// <param name="EventCount">Of the whole cycle up to the position.</param>
/// <param name="Amount">What this revision adds to what was billed before.</param>
/// <param name="Billed">What revisions before it came to.</param>
/// <param name="Earned">By accounting month: what the whole cycle has earned as of the issue.</param>
public sealed record InvoiceCharge(
    long CycleId, int Revision, string LineRef, string ProductRef, IReadOnlyList<int> Versions,
    InvoicePosition? Position, string Quantity, long EventCount, string Amount, string Billed,
    IReadOnlyList<InvoiceEarned> Earned);

/// <summary>Law 7: it bills the counted events of the customer's partition in frames before this one.</summary>
public sealed record InvoicePosition(int Partition, int Generation, long Next);

/// <param name="Month">"2026-10".</param>
public sealed record InvoiceEarned(string Month, string Amount);

[JsonSerializable(typeof(InvoiceRecord))]
sealed partial class InvoiceRecordJson : JsonSerializerContext
{
    public static InvoiceRecordJson Canonical { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Names stay readable; whoever shows them escapes them.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

using Received.Billing.Contracts;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;

namespace Received.Server.Api.Billing;

/// <summary>
/// Terms of a contract in the API's form, both ways. What is written here is what is read there; forms are checked
/// here, what the fields may say in <see cref="ContractBook"/>.
/// </summary>
static class TermsReader
{
    public static readonly string[] Names = ["grouping", "payment_days", "auto_issue", "lines"];

    const int PaymentDaysDefault = 14;

    static readonly string[] LineNames =
    [
        "line_ref", "product_ref", "entity_ref", "description", "price", "cycle", "timing", "issue_day", "tax", "start",
        "end", "is_default",
    ];

    public static ContractTerms Read(JsonFields body) => new(
        body.Choice<InvoiceGrouping>("grouping", InvoiceGrouping.Collective),
        body.OptionalWhole("payment_days") ?? PaymentDaysDefault,
        body.Flag("auto_issue", true),
        [.. body.Objects("lines", LineNames).Select(ReadLine)]);

    public static ContractItem ToItem(ContractEntry entry) => new(
        entry.Ref, entry.CustomerRef, entry.Zone, entry.Number, entry.Latest,
        BillingTimes.FormatBoundary(entry.EffectiveAtMs), BillingTimes.Format(entry.CreatedAt), entry.Actor,
        JsonFields.NameOf(entry.Terms.Grouping), entry.Terms.PaymentDays, entry.Terms.IssuesAlone,
        [.. entry.Terms.Lines.Select(ToItem)]);

    static LineTerms ReadLine(JsonFields line)
    {
        var price = line.Object("price", "model", "currency", "amount", "unit_price");
        var tax = line.Object("tax", "name", "rate", "note");
        return new(
            line.Text("line_ref"), line.Text("product_ref"), line.Text("entity_ref"),
            line.OptionalText("description") ?? "", ReadPrice(price), ReadCycle(line),
            line.Choice<BillingTiming>("timing"), line.OptionalDate("issue_day"),
            new(
                tax.Text("name"),
                Percent.TryParse(tax.Decimal("rate"), out var rate)
                    ? rate
                    : throw tax.Invalid("rate", "It must be percent from 0 to 100 with at most 12 decimals."),
                tax.OptionalText("note")),
            line.Date("start"), line.OptionalDate("end"), line.Flag("is_default", false));
    }

    static Price ReadPrice(JsonFields price)
    {
        var fields = new PriceModels.Fields(
            price.Text("model"), price.Text("currency"), price.OptionalDecimal("amount"),
            price.OptionalDecimal("unit_price"));
        return PriceModels.Read(fields, out var refusal) ?? throw price.Invalid(refusal!.Field, refusal.Reason);
    }

    /// <summary>Absent: calendar months.</summary>
    static CycleTerms ReadCycle(JsonFields line)
    {
        if (!line.Has("cycle")) return new(1, CycleAlignment.Calendar, null);
        var cycle = line.Object("cycle", "unit", "count", "alignment", "anchor_day");
        if (cycle.OptionalText("unit") is not (null or "month")) throw cycle.Invalid("unit", "It must be month.");
        return new(
            cycle.OptionalWhole("count") ?? 1,
            cycle.Choice<CycleAlignment>("alignment", CycleAlignment.Calendar),
            cycle.OptionalWhole("anchor_day"));
    }

    static LineItem ToItem(LineTerms line)
    {
        var price = PriceModels.Write(line.Price);
        return new(
            line.LineRef, line.ProductRef, line.EntityRef, line.Description.Length == 0 ? null : line.Description,
            new(price.Model, price.Currency, price.Amount, price.UnitPrice),
            new("month", line.Cycle.Months, JsonFields.NameOf(line.Cycle.Alignment), line.Cycle.AnchorDay),
            JsonFields.NameOf(line.Timing), line.IssueDay is { } issue ? BillingTimes.Format(issue) : null,
            new(line.Tax.Name, line.Tax.Rate.ToString(), line.Tax.Note), BillingTimes.Format(line.Start),
            line.End is { } end ? BillingTimes.Format(end) : null, line.IsDefault);
    }
}

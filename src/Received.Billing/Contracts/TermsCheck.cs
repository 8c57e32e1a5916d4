using NodaTime;
using Received.Billing.Catalog;
using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>
/// What the terms of one version must be, by themselves and against the version before: pure, the first mistake named
/// by its field in the API's form.
/// </summary>
static class TermsCheck
{
    public const int LinesMax = 200;
    public const int MonthsMax = 120;

    const int PaymentDaysMax = 365;
    const int DescriptionLengthMax = 500;
    const int TaxNameLengthMax = 40;
    const int AnchorDayMax = 31;

    public static string Pointer(int line, string field) => $"/lines/{line}/{field}";

    public static Refusal? Check(ContractTerms terms, DateTimeZone zone)
    {
        var check = new FieldCheck();
        check.Require(
            terms.PaymentDays is >= 0 and <= PaymentDaysMax, "/payment_days", $"It must be 0 to {PaymentDaysMax}.");
        check.Require(terms.Lines.Count is >= 1 and <= LinesMax, "/lines", $"There must be 1 to {LinesMax} lines.");
        var names = new HashSet<string>();
        for (var at = 0; at < terms.Lines.Count && check.First is null; at++)
        {
            var line = terms.Lines[at];
            check.Require(
                names.Add(line.LineRef), Pointer(at, "line_ref"), "Another line of this contract has this line_ref.");
            CheckLine(check, at, line, zone);
        }

        return check.First;
    }

    static void CheckLine(FieldCheck check, int at, LineTerms line, DateTimeZone zone)
    {
        check.Ref(Pointer(at, "line_ref"), line.LineRef);
        check.Ref(Pointer(at, "product_ref"), line.ProductRef);
        check.Ref(Pointer(at, "entity_ref"), line.EntityRef);
        check.Text(Pointer(at, "description"), line.Description, DescriptionLengthMax, mayBeEmpty: true);
        check.Require(
            line.Cycle.Months is >= 1 and <= MonthsMax, Pointer(at, "cycle/count"), $"It must be 1 to {MonthsMax}.");
        check.Require(
            line.Cycle.AnchorDay is null or (>= 1 and <= AnchorDayMax), Pointer(at, "cycle/anchor_day"),
            $"It must be 1 to {AnchorDayMax}; a shorter month ends on its last day.");
        check.Require(
            line.Timing == BillingTiming.Arrears || !line.Price.IsForUsage, Pointer(at, "timing"),
            "Usage is known only after the cycle: a line with this price must be billed in arrears.");
        check.Text(Pointer(at, "tax/name"), line.Tax.Name, TaxNameLengthMax);
        check.Text(Pointer(at, "tax/note"), line.Tax.Note, DescriptionLengthMax);
        check.Require(
            line.End is null || line.End > line.Start, Pointer(at, "end"),
            "It is the first day that is no longer covered, so it must be later than start.");
        if (check.First is not null) return;
        try
        {
            // The planner's own maths says whether the line's days have instants.
            check.Require(
                new CycleSchedule(line, zone).From(0).Any(), Pointer(at, "issue_day"),
                "The line's cycles must lie before the year 9999.");
        }
        catch (ScheduleException e)
        {
            check.Refuse(Pointer(at, "start"), e.Message);
        }
    }

    /// <summary>A later version ends lines and adds some, changes prices, tax and terms; nothing else.</summary>
    public static Refusal? CheckChange(
        ContractTerms before, ContractTerms after, long effectiveAtMs, DateTimeZone zone)
    {
        var check = new FieldCheck();
        var places = after.Lines.Select((line, at) => (line.LineRef, at)).ToDictionary();
        foreach (var line in before.Lines)
        {
            if (places.TryGetValue(line.LineRef, out var at))
                CheckKept(check, at, line, after.Lines[at], effectiveAtMs, zone);
            else
                check.Refuse(
                    "/lines", $"The line '{line.LineRef}' is missing. A line is not taken out: give it an 'end'.");
        }

        var known = before.Lines.Select(line => line.LineRef).ToHashSet();
        foreach (var line in after.Lines.Where(line => !known.Contains(line.LineRef)))
            check.Require(
                CivilTime.StartOfDay(line.Start, zone) >= effectiveAtMs, Pointer(places[line.LineRef], "start"),
                "An added line must not start before the version takes effect.");
        return check.First;
    }

    static void CheckKept(
        FieldCheck check, int at, LineTerms old, LineTerms now, long effectiveAtMs, DateTimeZone zone)
    {
        Fixed(old.ProductRef == now.ProductRef, "product_ref");
        Fixed(old.EntityRef == now.EntityRef, "entity_ref");
        Fixed(old.Price.Currency == now.Price.Currency, "price/currency");
        // Its product's usage would be another line's, or nobody's, from one day to the next.
        check.Require(
            old.Price.IsForUsage == now.Price.IsForUsage, Pointer(at, "price/model"),
            "A line for usage stays one, and so does a fee: give this line an 'end' and add another one.");
        Fixed(old.Cycle == now.Cycle, "cycle");
        Fixed(old.Timing == now.Timing, "timing");
        Fixed(old.IssueDay == now.IssueDay, "issue_day");
        Fixed(old.Start == now.Start, "start");
        if (old.End == now.End) return;
        check.Require(
            old.End is not { } ended || CivilTime.StartOfDay(ended, zone) >= effectiveAtMs, Pointer(at, "end"),
            "The line has ended before this version takes effect: add another line.");
        check.Require(
            now.End is not { } end || CivilTime.StartOfDay(end, zone) >= effectiveAtMs, Pointer(at, "end"),
            "A line cannot end before the version takes effect.");

        void Fixed(bool isSame, string field) => check.Require(
            isSame, Pointer(at, field),
            $"The {field.Replace('/', ' ')} of a line is fixed: give this line an 'end' and add another one.");
    }
}

namespace Received.Billing.Contracts;

/// <summary>
/// Which of a customer's lines for a product a total belongs to, by what its events asserted: the default line takes
/// every total that does not contradict it; any other goes to the only line that it does not contradict, or to none. A
/// pure function, so that a total is never billed twice whichever line is priced first.
/// </summary>
static class AssertionRule
{
    /// <param name="currency">Asserted code, or empty.</param>
    /// <param name="entityRef">Asserted entity, or empty.</param>
    /// <returns>Null: nobody's; it shows in the list of usage without a contract.</returns>
    public static LineSpan? Owner(IReadOnlyList<LineSpan> lines, string currency, string entityRef)
    {
        LineSpan? only = null;
        var count = 0;
        foreach (var line in lines)
        {
            if (Contradicts(line, currency, entityRef)) continue;
            if (line.Line.IsDefault) return line;
            only = line;
            count++;
        }

        return count == 1 ? only : null;
    }

    static bool Contradicts(LineSpan line, string currency, string entityRef) =>
        (currency.Length > 0 && currency != line.Line.Price.Currency.Code)
        || (entityRef.Length > 0 && entityRef != line.Line.EntityRef);
}

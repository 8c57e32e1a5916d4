using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>
/// Recognised less invoiced, of one cycle: above zero it is a contract asset, below it deferred revenue, and never both
/// (IFRS 15.105, ASC 606-10-45-1). Usage that is billed later and fees that are billed ahead are the same rule.
/// </summary>
static class ContractBalance
{
    /// <summary>What the accounts hold of it, as debits.</summary>
    public static (Money Asset, Money Deferred) Split(Money balance)
    {
        var zero = Money.Zero(balance.Currency);
        return balance.Minor > 0 ? (balance, zero) : (zero, balance);
    }

    /// <summary>Takes the accounts from one balance to another: sums to their difference.</summary>
    public static IEnumerable<Posting> Move(CycleSubject cycle, long? invoiceId, Money from, Money to)
    {
        var ((fromAsset, fromDeferred), (toAsset, toDeferred)) = (Split(from), Split(to));
        return Postings(cycle, invoiceId, toAsset - fromAsset, toDeferred - fromDeferred);
    }

    /// <summary>From one account to the other, the balance being the same.</summary>
    public static IEnumerable<Posting> Turn(CycleSubject cycle, Money asset) => Postings(cycle, null, asset, -asset);

    static IEnumerable<Posting> Postings(CycleSubject cycle, long? invoiceId, Money asset, Money deferred) =>
    [
        new(LedgerAccount.ContractAsset, asset, cycle.CustomerId, invoiceId, null, cycle.CycleId, cycle.ProductRef),
        new(
            LedgerAccount.DeferredRevenue, deferred, cycle.CustomerId, invoiceId, null, cycle.CycleId,
            cycle.ProductRef),
    ];
}

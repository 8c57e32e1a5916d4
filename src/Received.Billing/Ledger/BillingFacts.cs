using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>What the books need to know of an invoice that is issued.</summary>
/// <param name="IssueDay">Civil date, days since 1970-01-01.</param>
/// <param name="Tax">Of the whole document.</param>
sealed record InvoiceFacts(
    AccountId Account, long EntityId, long InvoiceId, long CustomerId, int IssueDay, Currency Currency, Money Tax,
    IReadOnlyList<ChargeFacts> Charges);

/// <summary>A revision of a cycle's price on an invoice.</summary>
/// <param name="Amount">What it adds to the revisions before it.</param>
/// <param name="Earned">See <see cref="RecognitionFacts"/>.</param>
sealed record ChargeFacts(
    long CycleId, int Revision, string ProductRef, Money Amount, IReadOnlyList<MonthAmount> Earned);

/// <summary>All that has been earned of a cycle so far.</summary>
/// <param name="Earned">
/// By accounting month, from the cycle's begin, not only what is new: a month that is not in it has earned nothing, and
/// what was recognised for it is taken back.
/// </param>
sealed record RecognitionFacts(CycleSubject Cycle, IReadOnlyList<MonthAmount> Earned);

/// <param name="Period">Accounting month: year * 12 + month - 1.</param>
readonly record struct MonthAmount(int Period, Money Amount);

/// <summary>What postings about a cycle are about.</summary>
readonly record struct CycleSubject(long CycleId, long CustomerId, string ProductRef);

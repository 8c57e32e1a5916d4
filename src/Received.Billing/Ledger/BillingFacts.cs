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

/// <summary>What has been earned of a cycle so far.</summary>
/// <param name="Earned">
/// By accounting month, each whole and not only what is new; a month that has not ended may be left out, and what is
/// recognised for a month that is left out stays.
/// </param>
sealed record RecognitionFacts(CycleSubject Cycle, IReadOnlyList<MonthAmount> Earned);

/// <param name="Period">Accounting month: year * 12 + month - 1.</param>
readonly record struct MonthAmount(int Period, Money Amount);

/// <summary>What postings about a cycle are about.</summary>
readonly record struct CycleSubject(long CycleId, long CustomerId, string ProductRef);

using Received.Billing.Ledger;
using Received.Billing.Payments.Stripe;
using Received.Billing.Payments.Wire;
using Received.Model;

namespace Received.Billing.Payments;

/// <summary>What postings of a payment need to know of it.</summary>
/// <param name="CustomerId">Null while nobody knows whose it is.</param>
sealed record PostedPayment(long Id, string Method, long? CustomerId);

/// <summary>
/// Postings of payments: pure functions of facts. Money that pays no invoice is the customer's credit, or unapplied
/// where there is no customer; every step moves it between exactly these accounts.
/// </summary>
static class PaymentPostings
{
    /// <summary>Where the money is: Dr cash or clearing; Cr what it is free for.</summary>
    public static IReadOnlyList<Posting> Received(PostedPayment payment, Money amount) =>
    [
        Where(payment, amount), Free(payment, -amount),
    ];

    /// <summary>Dr what it was free for, Cr receivable. Of an amount below zero: the allocation is taken
    /// back.</summary>
    public static IReadOnlyList<Posting> Allocated(PostedPayment payment, Money amount, long invoiceId) =>
    [
        Free(payment, amount),
        new(LedgerAccount.Receivable, -amount, payment.CustomerId, invoiceId, payment.Id),
    ];

    /// <summary>What was unapplied is a customer's credit from here on.</summary>
    /// <param name="payment">As it is known now, with its customer.</param>
    public static IReadOnlyList<Posting> Identified(PostedPayment payment, Money free) =>
    [
        Free(payment with { CustomerId = null }, free), Free(payment, -free),
    ];

    /// <summary>Dr fees, Cr where the money is.</summary>
    public static IReadOnlyList<Posting> Fee(PostedPayment payment, Money fee) =>
    [
        new(LedgerAccount.Fees, fee, PaymentId: payment.Id), Where(payment, -fee),
    ];

    /// <summary>Dr what it was free for, Cr where the money is. Below zero: the refund failed.</summary>
    public static IReadOnlyList<Posting> Refunded(PostedPayment payment, Money amount) =>
    [
        Free(payment, amount), Where(payment, -amount),
    ];

    /// <summary>Postings on the same account about the same thing as one; those that cancel out are gone.</summary>
    public static IReadOnlyList<Posting> Merge(IEnumerable<Posting> postings) =>
    [
        .. from posting in postings
           group posting.Amount by posting with { Amount = Money.Zero(posting.Amount.Currency) } into same
           select same.Key with { Amount = Money.Sum(same, same.Key.Amount.Currency) },
    ];

    static Posting Where(PostedPayment payment, Money amount) => new(
        payment.Method switch
        {
            StripeCard.MethodName => LedgerAccount.StripeClearing,
            WireTransfer.MethodName => LedgerAccount.Cash,
            _ => throw new InvalidOperationException($"Method {payment.Method} has no account in the books."),
        },
        amount, PaymentId: payment.Id);

    static Posting Free(PostedPayment payment, Money amount) => new(
        payment.CustomerId is null ? LedgerAccount.Unapplied : LedgerAccount.CustomerCredit, amount,
        payment.CustomerId, PaymentId: payment.Id);
}

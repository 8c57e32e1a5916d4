using Received.Model;

namespace Received.Billing.Payments;

/// <summary>
/// One attempt at having an invoice paid. All of it is stored before anyone is asked: a request that is made again
/// must be the same to the letter.
/// </summary>
/// <param name="Amount">What is open.</param>
/// <param name="CreatedAt">When the attempt was stored.</param>
/// <param name="Email">Of the customer, or null.</param>
/// <param name="Supersedes">External id of an earlier attempt that must not be paid any more, or null.</param>
public sealed record PaymentRequest(
    PaymentTarget Target, string InvoiceNumber, Money Amount, DateTimeOffset CreatedAt, string? Email,
    string? Supersedes = null)
{
    public string IdempotencyKey => $"inv:{Target.Account}:{Target.InvoiceId}:attempt:{Target.Attempt}";
}

/// <summary>What an attempt is for; travels to the other side and back.</summary>
/// <param name="Attempt">Numbered from 1 within the invoice.</param>
public sealed record PaymentTarget(AccountId Account, long InvoiceId, int Attempt);

/// <param name="Where">The page, or the account, where the customer pays; null unless ready.</param>
/// <param name="ExternalId">The other side's id of this attempt; null unless ready.</param>
/// <param name="ExpiresAt">When it can no longer be paid there; null where it always can.</param>
/// <param name="Reason">Why not; null if ready.</param>
public sealed record PaymentStart(
    StartOutcome Outcome, string? Where, string? ExternalId, DateTimeOffset? ExpiresAt, string? Reason)
{
    public static PaymentStart Refused(string reason) => new(StartOutcome.Refused, null, null, null, reason);

    public static PaymentStart PaidBefore { get; } = new(
        StartOutcome.PaidBefore, null, null, null, "The earlier attempt has been paid; its notice is on the way.");

    public static PaymentStart Stale(string reason) => new(StartOutcome.Stale, null, null, null, reason);
}

public enum StartOutcome
{
    Ready,

    /// <summary>Final: this amount cannot be paid in this way.</summary>
    Refused,

    /// <summary>The key was used for another request: a new attempt is needed. Nobody can have paid this one.</summary>
    Stale,

    /// <summary>The attempt that this one shall supersede was paid meanwhile: nothing was started.</summary>
    PaidBefore,
}

/// <param name="PaymentExternalId">Of the payment that is given back.</param>
/// <param name="IdempotencyKey">Stored with the refund: made from its id, or from the key that our client sent.</param>
/// <param name="MayBeMade">It was asked for under another key before: only what is not found is made.</param>
public sealed record RefundRequest(
    AccountId Account, long RefundId, string PaymentExternalId, Money Amount, string IdempotencyKey,
    bool MayBeMade = false);

/// <param name="State">Pending: taken by the other side, the money is on its way.</param>
/// <param name="ExternalId">The other side's id of the refund; null where it was declined.</param>
/// <param name="Reason">Why it was declined, or why it waits; null otherwise.</param>
public sealed record RefundAnswer(RefundState State, string? ExternalId, string? Reason);

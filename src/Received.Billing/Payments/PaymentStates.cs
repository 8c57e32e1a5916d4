namespace Received.Billing.Payments;

/// <summary>Of an attempt to collect an invoice through a method. Stored: never renumber.</summary>
public enum AttemptState
{
    /// <summary>Being started; its outcome is not known yet.</summary>
    Starting = 0,

    /// <summary>The customer can pay.</summary>
    Open = 1,

    Succeeded = 2,
    Declined = 3,
    Expired = 4,
}

/// <summary>Stored: never renumber.</summary>
public enum RefundState
{
    /// <summary>Asked for; its outcome is not known yet.</summary>
    Pending = 0,

    Succeeded = 1,
    Failed = 2,
}

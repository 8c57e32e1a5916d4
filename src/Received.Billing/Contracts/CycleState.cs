namespace Received.Billing.Contracts;

/// <summary>Stored: never renumber.</summary>
enum CycleState
{
    /// <summary>Not charged yet.</summary>
    Open = 0,

    /// <summary>Charged; late usage may come.</summary>
    Billed = 1,

    /// <summary>So old that the door takes no event of it any more.</summary>
    Settled = 2,
}

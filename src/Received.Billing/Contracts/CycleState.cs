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

    /// <summary>The line has ended before it after all. It has no time and costs nothing: what it was charged, or what
    /// the books recognised of it, is to be given back. Billed again where the line goes on after all.</summary>
    GivenUp = 3,
}

namespace Received.Server.Demo.FakeStripe;

/// <summary>Stripe's test cards (https://docs.stripe.com/testing): any other number is declined as incorrect.</summary>
static class TestCards
{
    public const string Good = "4242424242424242";
    public const string Declined = "4000000000000002";
    public const string NoFunds = "4000000000009995";
    public const string NeedsAuthentication = "4000002760003184";
    public const string Disputed = "4000000000000259";
    public const string RefundFails = "4000000000005126";
    public const string RefundWaits = "4000000000007726";

    static readonly Dictionary<string, TestCard> Table = new()
    {
        [Good] = new("visa"),
        ["5555555555554444"] = new("mastercard"),
        [Declined] = new("visa", "card_declined", "generic_decline"),
        [NoFunds] = new("visa", "card_declined", "insufficient_funds"),
        ["4000000000009987"] = new("visa", "card_declined", "lost_card"),
        ["4000000000009979"] = new("visa", "card_declined", "stolen_card"),
        ["4000000000000069"] = new("visa", "expired_card"),
        ["4000000000000127"] = new("visa", "incorrect_cvc"),
        ["4000000000000119"] = new("visa", "processing_error"),
        ["4000000000000341"] = new("visa", "card_declined", "generic_decline"),
        ["4000002500003155"] = new("visa") { NeedsAuthentication = true },
        [NeedsAuthentication] = new("visa") { NeedsAuthentication = true },
        [Disputed] = new("visa") { IsDisputed = true },
        [RefundFails] = new("visa") { RefundStatus = "succeeded" },
        [RefundWaits] = new("visa") { RefundStatus = "pending" },
    };

    public static TestCard Find(string number) =>
        Table.GetValueOrDefault(number.Replace(" ", "", StringComparison.Ordinal))
        ?? new("unknown", "incorrect_number");
}

/// <param name="Code">Of the refusal; null for a card that pays.</param>
sealed record TestCard(string Brand, string? Code = null, string? DeclineCode = null)
{
    public bool NeedsAuthentication { get; init; }

    public bool IsDisputed { get; init; }

    /// <summary>Of its refunds at first; <see cref="StripeBooks.MoveRefund"/> moves them on.</summary>
    public string RefundStatus { get; init; } = "succeeded";
}

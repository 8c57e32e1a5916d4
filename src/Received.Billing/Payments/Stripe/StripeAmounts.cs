using Received.Model;

namespace Received.Billing.Payments.Stripe;

/// <summary>
/// Amounts as Stripe counts them. Its table of decimals is not ISO 4217's (https://docs.stripe.com/currencies): MGA is
/// sent whole although it has two; ISK and UGX are sent with two although they have none, the two being zeros; those
/// with three must end in a zero.
/// </summary>
static class StripeAmounts
{
    static readonly HashSet<string> Whole =
    [
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
    ];

    static readonly HashSet<string> Thousandths = ["BHD", "JOD", "KWD", "OMR", "TND"];

    /// <summary>Null where Stripe has no way to say this amount exactly.</summary>
    public static long? ToStripe(Money amount)
    {
        var step = Step(amount.Currency, out var isOursFiner);
        if (!isOursFiner) return FitsGrain(amount.Currency, checked(amount.Minor * step));
        return amount.Minor % step == 0 ? FitsGrain(amount.Currency, amount.Minor / step) : null;
    }

    /// <summary>Null where we have no way to say this amount exactly, or do not know the currency.</summary>
    public static Money? FromStripe(long amount, string? currency)
    {
        if (!Currency.TryParse(currency?.ToUpperInvariant(), out var known)) return null;
        var step = Step(known, out var isOursFiner);
        if (isOursFiner) return new(checked(amount * step), known);
        return amount % step == 0 ? new(amount / step, known) : null;
    }

    static long? FitsGrain(Currency currency, long amount) =>
        Thousandths.Contains(currency.Code) && amount % 10 != 0 ? null : amount;

    static long Step(Currency currency, out bool isOursFiner)
    {
        var theirs = Whole.Contains(currency.Code) ? 0 : Thousandths.Contains(currency.Code) ? 3 : 2;
        isOursFiner = currency.MinorDigits > theirs;
        var step = 1L;
        for (var digits = Math.Abs(currency.MinorDigits - theirs); digits > 0; digits--) step *= 10;
        return step;
    }
}

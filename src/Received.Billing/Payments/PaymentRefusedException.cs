namespace Received.Billing.Payments;

/// <summary>A request that cannot be done as it is; nothing was changed.</summary>
/// <param name="code">Stable, for programs.</param>
/// <param name="detail">For people: what would be right.</param>
/// <param name="pointer">JSON pointer to the field to blame, or null.</param>
public sealed class PaymentRefusedException(
    PaymentRefusal kind, string code, string detail, string? pointer = null) : Exception(detail)
{
    public PaymentRefusal Kind { get; } = kind;

    public string Code { get; } = code;

    public string? Pointer { get; } = pointer;

    internal static PaymentRefusedException NotFound(string what, string shown, string? pointer = null) => new(
        PaymentRefusal.NotFound, what + "_not_found", $"There is no {what} {shown} in this account.", pointer);

    internal static PaymentRefusedException Invalid(string code, string detail, string? pointer = null) =>
        new(PaymentRefusal.Invalid, code, detail, pointer);

    internal static PaymentRefusedException Conflict(string code, string detail, string? pointer = null) =>
        new(PaymentRefusal.Conflict, code, detail, pointer);
}

public enum PaymentRefusal
{
    /// <summary>The account has nothing of that name; another account's is none of it (law 12).</summary>
    NotFound,

    /// <summary>Wrong in itself.</summary>
    Invalid,

    /// <summary>Right in itself, but not as things stand.</summary>
    Conflict,
}

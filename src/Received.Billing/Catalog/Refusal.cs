namespace Received.Billing.Catalog;

/// <summary>Why a book did not write: a value, because wrong input is no exception.</summary>
/// <param name="Pointer">JSON pointer of the field as the API names it; empty for the whole.</param>
/// <param name="Reason">What would be right.</param>
public sealed record Refusal(RefusalKind Kind, string Pointer, string Reason)
{
    public static Refusal Invalid(string pointer, string reason) => new(RefusalKind.Invalid, pointer, reason);
}

public enum RefusalKind
{
    /// <summary>A field's value.</summary>
    Invalid,

    /// <summary>The reference is taken.</summary>
    Taken,

    /// <summary>It was changed since it was read.</summary>
    Stale,

    /// <summary>The account has nothing of that reference.</summary>
    Missing,
}

/// <summary>What was written, or why nothing was: one of both.</summary>
public readonly record struct Outcome<T>(T? Value, Refusal? Refusal)
    where T : class
{
    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}

namespace Received.Billing.Payments;

/// <summary>The methods of this process; which ones, its settings say.</summary>
public sealed class PaymentMethods(params IReadOnlyList<IPaymentMethod> all)
{
    public IReadOnlyList<string> Names { get; } = [.. all.Select(method => method.Name)];

    /// <summary>Null where it is not set up.</summary>
    public IPaymentMethod? Find(string name) => all.FirstOrDefault(method => method.Name == name);

    /// <exception cref="PaymentRefusedException">It is not set up.</exception>
    internal IPaymentMethod Get(string name) => Find(name) ?? throw PaymentRefusedException.Conflict(
        "method_unavailable", $"Payments by {name} are not set up. Set up are: {string.Join(", ", Names)}.", "/method");
}

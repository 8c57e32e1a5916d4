using System.Globalization;
using Received.Bench.Servers;
using Received.Model;
using Received.Server.Demo;

namespace Received.Bench.Load;

/// <summary>Sum (in hundredths) and count by customer and product: of what was acknowledged.</summary>
sealed class LoadTotals
{
    static readonly Int128 PerHundredth = Quantity.Scale / 100;

    readonly Dictionary<(string Customer, string Product), (Int128 Hundredths, long Count)> _lines = [];

    public void Add(string customer, string product, Int128 hundredths, long count)
    {
        if (count == 0) return;
        var (sum, events) = _lines.GetValueOrDefault((customer, product));
        _lines[(customer, product)] = (sum + hundredths, events + count);
    }

    /// <summary>Every line that differs, in words.</summary>
    /// <param name="before">What the server had before the load.</param>
    public List<string> Compare(IReadOnlyList<ReadTotal> before, IReadOnlyList<ReadTotal> after)
    {
        var differences = new List<string>();
        var found = after.ToDictionary(total => (total.CustomerRef, total.ProductRef));
        foreach (var total in before)
        {
            var key = (total.CustomerRef, total.ProductRef);
            var now = found.GetValueOrDefault(key);
            found[key] = now with { Sum = now.Sum - total.Sum, Count = now.Count - total.Count };
        }

        foreach (var (key, (hundredths, count)) in _lines)
        {
            found.Remove(key, out var total);
            if (total.Sum == hundredths * PerHundredth && total.Count == count) continue;
            differences.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{key.Customer} {key.Product}: acknowledged {Quantity.Format(hundredths * PerHundredth)} in {count}"
                    + $" events, total {Quantity.Format(total.Sum)} in {total.Count}"));
        }

        differences.AddRange(found
            .Where(line => line.Key.CustomerRef != ReceivedServer.FirstCustomer)
            .Where(line => line.Value.Count != 0 || line.Value.Sum != 0)
            .Select(line => $"{line.Key.CustomerRef} {line.Key.ProductRef}: nobody sent {line.Value.Count} events"));
        return differences;
    }
}

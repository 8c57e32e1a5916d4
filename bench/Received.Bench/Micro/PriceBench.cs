using BenchmarkDotNet.Attributes;
using Received.Model;
using Received.Model.Pricing;

namespace Received.Bench.Micro;

/// <summary>A quantity priced exactly, against decimals, which round silently past 28 digits.</summary>
[MemoryDiagnoser]
public class PriceBench
{
    const int Quantities = 1000;

    readonly Int128[] _quantities = new Int128[Quantities];
    Price _price = null!;

    [GlobalSetup]
    public void Prepare()
    {
        var random = new Random(1);
        for (var i = 0; i < Quantities; i++) _quantities[i] = (Int128)random.NextInt64(1_000_000_000) * 10_000_000_000;
        if (!Currency.TryParse("EUR", out var euro)) throw new InvalidOperationException("There is no euro.");
        _price = new PerUnitPrice(euro, 2_500_000_000);
    }

    [Benchmark(OperationsPerInvoke = Quantities)]
    public long Exact()
    {
        var minor = 0L;
        foreach (var quantity in _quantities) minor += _price.Charge(new(quantity, TimeShare.All)).Count;
        return minor;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Quantities)]
    public decimal Decimals()
    {
        var sum = 0m;
        foreach (var quantity in _quantities)
            sum += Math.Round((decimal)quantity / (decimal)Quantity.Scale * 0.0025m, 2, MidpointRounding.AwayFromZero);
        return sum;
    }
}

using System.Text;
using CsCheck;
using Received.Log;
using Received.Model;

namespace Received.Tests.Log;

/// <summary>Random batches of events, with ties and extremes where they matter.</summary>
static class EventGen
{
    static readonly string[] Samples = ["", "a", "kunde-ü", "4096966d-5c1c-4e18-8b47-6a365e3c16ea", "𝄞", "日本"];

    static readonly Gen<string> Text = Gen.OneOf(
        Gen.Int[0, 5].Select(i => Samples[i]),
        Gen.String[Gen.Char['!', '~'], 1, 40]);

    static readonly Gen<Int128> QuantityScaled = Gen.OneOf(
        Gen.Long[-1000, 1000].Select(whole => Quantity.Of(whole).Scaled),
        Gen.Long.Select(scaled => (Int128)scaled),
        Gen.Select(Gen.Long[-999_999_999_999_999, 999_999_999_999_999], Gen.Long[0, 999_999_999_999])
            .Select((whole, part) => Quantity.Of(whole).Scaled + (whole < 0 ? -part : part)),
        Gen.Int[0, 2].Select(i => (Quantity.ScaledLimit - 1) * (i - 1)));

    static readonly Gen<long> Time = Gen.OneOf(
        Gen.Long[1_700_000_000_000, 1_700_000_100_000],
        Gen.Long[FrameLimits.TimeMinMs, FrameLimits.TimeMaxMs],
        Gen.Bool.Select(first => first ? FrameLimits.TimeMinMs : FrameLimits.TimeMaxMs));

    static readonly Gen<Action<EventColumns>> Event =
        from account in Gen.OneOf(Gen.UInt[1, 3], Gen.UInt)
        from refs in Gen.Select(Text, Text, Text, Text)
        from times in Gen.Select(Time, Time)
        from quantity in QuantityScaled
        from bytes in Gen.Select(Gen.Byte.Array[0, 20], Gen.Byte.Array[0, 60])
        select new Action<EventColumns>(events => events.Add(
            events.Customers.Intern(new(account), Utf8(refs.Item1), Utf8(refs.Item2)),
            events.Products.Intern(new(account), Utf8(refs.Item3), Utf8(refs.Item4)),
            quantity > 0 ? 0 : events.Assertions.Intern(default, Utf8(refs.Item2), "USD"u8),
            times.Item1, times.Item2, quantity, bytes.Item1, bytes.Item2));

    public static readonly Gen<EventColumns> Batch = Gen.OneOf(Event.List[1, 4], Event.List[1, 300]).Select(adders =>
    {
        var events = new EventColumns();
        foreach (var add in adders) add(events);
        return events;
    });

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

using System.Text;
using Received.Model;

namespace Received.Tests.Rating;

/// <summary>An event as tests of duplicates see it. An empty key: unkeyed.</summary>
sealed record Keyed(
    uint Account, string Customer, string Key, long Quantity, byte Kind = KeyKind.Own, long TimestampMs = 1_000,
    string Product = "units", string CustomerName = "", string ProductName = "", string Currency = "",
    string Entity = "", string Data = "")
{
    public static EventColumns Events(params Keyed[] rows)
    {
        var events = new EventColumns();
        foreach (var row in rows)
        {
            AccountId account = new(row.Account);
            events.Add(
                events.Customers.Intern(account, Utf8(row.Customer), Utf8(row.CustomerName)),
                events.Products.Intern(account, Utf8(row.Product), Utf8(row.ProductName)),
                events.Assertions.Intern(default, Utf8(row.Entity), Utf8(row.Currency)),
                row.TimestampMs, 5, Received.Model.Quantity.Of(row.Quantity).Scaled,
                row.Key.Length == 0 ? [] : [row.Kind, .. Utf8(row.Key)], Utf8(row.Data));
        }

        return events;
    }

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

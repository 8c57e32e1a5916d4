using System.Text;
using Received.Log;
using Received.Model;

namespace Received.Tests.Rating;

static class Frames
{
    /// <summary>A frame of events of account 1, a second later than the one numbered before it.</summary>
    /// <param name="key">Of every event; empty for none.</param>
    public static byte[] Of(
        long number, IEnumerable<(string Customer, string Product, long Quantity)> events, ushort partition = 0,
        string key = "")
    {
        var columns = new EventColumns();
        foreach (var (customer, product, quantity) in events)
        {
            columns.Add(
                columns.Customers.Intern(new(1), Encoding.UTF8.GetBytes(customer), "Name"u8),
                columns.Products.Intern(new(1), Encoding.UTF8.GetBytes(product), []), 0, History.StartMs,
                History.StartMs, Quantity.Of(quantity).Scaled, Encoding.UTF8.GetBytes(key), []);
        }

        return new FrameCodec()
            .Encode(columns, new(new(partition), 1, number, History.StartMs + (number * 1000))).ToArray();
    }

    /// <summary>A frame of one event with that additional_report_data.</summary>
    public static byte[] WithData(long number, byte[] data)
    {
        var columns = new EventColumns();
        columns.Add(
            columns.Customers.Intern(new(1), "c"u8, []), columns.Products.Intern(new(1), "p"u8, []), 0,
            History.StartMs, History.StartMs, Quantity.Of(1).Scaled, [], data);
        return new FrameCodec().Encode(columns, new(new(0), 1, number, History.StartMs + (number * 1000))).ToArray();
    }
}

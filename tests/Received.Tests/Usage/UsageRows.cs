using System.Text;
using Received.Model;
using Received.Usage;

namespace Received.Tests.Usage;

/// <summary>Short ways to make rows for the usage store's tests.</summary>
static class UsageRows
{
    public const int PartitionCount = 4;

    public static readonly LogIdentity TheLog = new(
        new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"), 1, PartitionCount, LogIdentity.DefaultDedupeWindow, 42);

    public static PartitionId P(int partition) => new((ushort)partition);

    public static AccountId Account(int account) => new((uint)account);

    public static RatedBatch Batch(int partition, long next, ushort generation = 1) => new(P(partition))
    {
        Progress = new(
            P(partition), generation, next, (ulong)next ^ 0x5CCE, 1_700_000_000_000 + (next % 1_000_000), next - 1,
            1_699_999_999_999),
    };

    public static SeriesRow Series(
        UInt128 id, int account = 1, string customer = "c", string product = "p", string currency = "",
            string entity = "") =>
        new(id, Account(account), customer, product, currency, entity);

    public static TotalRow Total(
        UInt128 series, int window, Int128 sum, long offset, int index = 0, long count = 1, ushort generation = 1) =>
        new(series, window, sum, count, sum, sum, sum, UsageWindow.StartMs(window), generation, offset, index);

    public static RatedBatch With(this RatedBatch batch, SeriesRow series, params TotalRow[] totals)
    {
        batch.Series.Add(series);
        batch.Totals.AddRange(totals);
        return batch;
    }

    public static FateRow Fated(
        long offset, int index, Fate fate, int account = 1, ParkReason reason = ParkReason.None, int count = 1,
        LogPosition? original = null) =>
        new(1, offset, index, Account(account), fate, reason, count, original);

    public static NameRow Name(
        NameKind kind, string reference, string name, long offset, long timeMs, int account = 1) =>
        new(Account(account), kind, reference, name, 1, offset, 0, timeMs);

    /// <summary>Adds an event to the columns with its references interned.</summary>
    public static EventColumns Event(
        this EventColumns events, int account, string customer, string product, Int128 quantity, string key = "",
        string data = "", string currency = "", string entity = "", long timestampMs = 1_700_000_000_000)
    {
        events.Add(
            events.Customers.Intern(Account(account), Utf8(customer), Utf8(customer + " name")),
            events.Products.Intern(Account(account), Utf8(product), Utf8(product + " name")),
            events.Assertions.Intern(default, Utf8(entity), Utf8(currency)),
            timestampMs, timestampMs + 5, quantity, Utf8(key), Utf8(data));
        return events;
    }

    public static ArchivedFrame Frame(long offset, EventColumns events) =>
        new(offset, events.Count, 1_700_000_000_000 + offset, 0xFEDCBA9876543210, offset + 1,
            ulong.MaxValue - (ulong)offset,
            ParkReason.None, events);

    /// <summary>A batch of these frames; <paramref name="before"/> events were accepted before them.</summary>
    public static ArchiveBatch Archive(int partition, long before, params ArchivedFrame[] frames)
    {
        var accepted = before + frames.Sum(f => (long)f.EventCount);
        var unknown = frames.Count(f => f.Broken == ParkReason.HeaderCorrupt);
        var last = frames[^1];
        return new(P(partition), 1, frames, new(P(partition), 1, last.Offset + 1, last.Checksum, accepted, unknown));
    }

    public static TotalsQuery Query(int account = 1, params long[] boundaries) => new(
        Account(account), null, null, UsageWindow.StartMs(0), UsageWindow.StartMs(1_000_000),
        boundaries.Length == 0 ? null : boundaries);

    public static EventsQuery Events(int account = 1, int limit = 1000) =>
        new(Account(account), null, null, null, null, null, null, limit);

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

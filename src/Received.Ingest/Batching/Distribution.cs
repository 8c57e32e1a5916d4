using System.Runtime.CompilerServices;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Log;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>An event on its way to a partition: its index in the body, and its names' numbers.</summary>
readonly record struct PlacedEvent(int Index, int Customer, int Product, int Assertion);

/// <summary>
/// A body's events by partition, each in the body's order. Pooled, with the names it has met: one request owns it while
/// it appends.
/// </summary>
sealed class Distribution(int partitionCount)
{
    /// <summary>The number of what asserts nothing: entry 0 of every frame.</summary>
    const int NoAssertion = -1;

    readonly Share[] _shares =
        [.. Enumerable.Range(0, partitionCount).Select(_ => new Share { Events = new PlacedEvent[16] })];

    readonly NameMemory _customers = new(4096);
    readonly NameMemory _products = new(256);
    readonly NameMemory _assertions = new(256);

    public ReadOnlySpan<PlacedEvent> Of(int partition) => _shares[partition].Events.AsSpan(0, _shares[partition].Count);

    /// <summary>All events that are not refused.</summary>
    public void Take(AccountId account, ParsedEvents events, ReadOnlySpan<byte> body)
    {
        foreach (ref var share in _shares.AsSpan()) share.Count = 0;
        for (var i = 0; i < events.Count; i++)
        {
            ref readonly var e = ref events[i];
            if (e.Reason != RejectReason.None) continue;
            var customerRef = events.Text(body, e.CustomerRef);
            var customer = _customers.Find(account, customerRef, events.Text(body, e.CustomerName), out var isNew);
            if (isNew) SetPartition(customer, account, customerRef);
            var product = _products.Find(
                account, events.Text(body, e.ProductRef), events.Text(body, e.ProductName), out _);
            var assertion = e.EntityRef.IsEmpty && e.Currency.IsEmpty ? NoAssertion : _assertions.Find(
                default, events.Text(body, e.EntityRef), events.Text(body, e.Currency), out _);
            Place(_customers.PartitionOf(customer), new(i, customer, product, assertion));
        }
    }

    public int CustomerIn(EventColumns columns, long filling, in PlacedEvent e) =>
        _customers.EntryIn(columns.Customers, filling, e.Customer);

    public int ProductIn(EventColumns columns, long filling, in PlacedEvent e) =>
        _products.EntryIn(columns.Products, filling, e.Product);

    public int AssertionIn(EventColumns columns, long filling, in PlacedEvent e) =>
        e.Assertion == NoAssertion ? 0 : _assertions.EntryIn(columns.Assertions, filling, e.Assertion);

    /// <summary>False where it grew too large to be kept.</summary>
    public bool TryReuse()
    {
        if (_customers.IsLarge || _products.IsLarge || _assertions.IsLarge) return false;
        foreach (var share in _shares)
            if (share.Events.Length > Limits.PooledEventsMax) return false;
        if (_customers.IsFull) _customers.Forget();
        if (_products.IsFull) _products.Forget();
        if (_assertions.IsFull) _assertions.Forget();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void SetPartition(int customer, AccountId account, ReadOnlySpan<byte> reference) =>
        _customers.SetPartition(customer, Partitioning.Of(account, reference, partitionCount));

    void Place(int partition, in PlacedEvent e)
    {
        ref var share = ref _shares[partition];
        if (share.Count == share.Events.Length) Array.Resize(ref share.Events, share.Count * 2);
        share.Events[share.Count++] = e;
    }

    struct Share
    {
        public PlacedEvent[] Events;
        public int Count;
    }
}

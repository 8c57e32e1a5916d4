using System.Runtime.CompilerServices;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Log;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>
/// A body's events by partition, each in the body's order: all that a frame needs of them, so that the body is done
/// with. Goal: everything about an event is looked up and copied while its text is in the processor's cache. Pooled,
/// with the names it has met: one request owns it while it reads its body and appends.
/// </summary>
sealed class Distribution(int partitionCount)
{
    /// <summary>The number of what asserts nothing: entry 0 of every frame.</summary>
    const int NoAssertion = -1;

    readonly PartitionShare[] _shares = [.. Enumerable.Range(0, partitionCount).Select(_ => new PartitionShare())];
    readonly byte[] _identity = new byte[EventIdentity.BytesMax];
    readonly NameMemory _customers = new(4096);
    readonly NameMemory _products = new(256);
    readonly NameMemory _assertions = new(256);

    public PartitionShare Of(int partition) => _shares[partition];

    /// <summary>The event that was read last, which was not refused.</summary>
    public void Add(in AppendContext context, ParsedEvents events, ReadOnlySpan<byte> body, in ParsedEvent e)
    {
        var customerRef = events.Text(body, e.CustomerRef);
        var customer = _customers.Find(
            context.Account, customerRef, events.Text(body, e.CustomerName), out var isNew);
        if (isNew) SetPartition(customer, context.Account, customerRef);
        var product = _products.Find(
            context.Account, events.Text(body, e.ProductRef), events.Text(body, e.ProductName), out _);
        var assertion = e.EntityRef.IsEmpty && e.Currency.IsEmpty ? NoAssertion : _assertions.Find(
            default, events.Text(body, e.EntityRef), events.Text(body, e.Currency), out _);
        var identity = e.Key.IsEmpty && context.HeaderKey.Length == 0
            ? 0
            : EventIdentity.Write(_identity, context, events, body, e);
        _shares[_customers.PartitionOf(customer)].Add(
            new(events.Count - 1, customer, product, assertion, e.TimestampMs, e.Quantity),
            _identity.AsSpan(0, identity), events.Text(body, e.Data));
    }

    public int CustomerIn(EventColumns columns, long filling, in PlacedEvent e) =>
        _customers.EntryIn(columns.Customers, filling, e.Customer);

    public int ProductIn(EventColumns columns, long filling, in PlacedEvent e) =>
        _products.EntryIn(columns.Products, filling, e.Product);

    public int AssertionIn(EventColumns columns, long filling, in PlacedEvent e) =>
        e.Assertion == NoAssertion ? 0 : _assertions.EntryIn(columns.Assertions, filling, e.Assertion);

    /// <summary>Without events again; false where it grew too large to be kept.</summary>
    public bool TryReuse()
    {
        var isKept = !_customers.IsLarge && !_products.IsLarge && !_assertions.IsLarge;
        var bytes = 0L;
        foreach (var share in _shares)
        {
            isKept &= share.Count <= Limits.PooledEventsMax;
            bytes += share.Keys.ByteCount + share.Data.ByteCount;
            share.Clear();
        }

        if (!isKept || bytes > Limits.PooledShareBytesMax) return false;
        if (_customers.IsFull) _customers.Forget();
        if (_products.IsFull) _products.Forget();
        if (_assertions.IsFull) _assertions.Forget();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void SetPartition(int customer, AccountId account, ReadOnlySpan<byte> reference) =>
        _customers.SetPartition(customer, Partitioning.Of(account, reference, partitionCount));
}

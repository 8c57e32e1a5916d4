using System.Text;
using Received.Log;
using Received.Model;
using Received.Tests.Rating.Fakes;

namespace Received.Tests.Rating;

/// <summary>
/// The laws once more, as plainly as possible and event by event: what a store must hold of a partition. One line of
/// text per total, fate and name, sorted.
/// </summary>
sealed class Oracle
{
    readonly Dictionary<string, (Int128 Sum, long Count, Int128 Min, Int128 Max, Int128 Last, long LastAtMs, string At)>
        _totals = [];
    readonly Dictionary<string, string> _names = [];
    readonly List<string> _fates = [];
    readonly Dictionary<string, (long Offset, int Index, string Event, long LogTimeMs)> _keys = [];
    readonly Dictionary<ulong, (HashSet<long> Seen, long High, long LogTimeMs)> _producers = [];
    long _logTimeMs;

    public static List<string> Of(ILog log, PartitionId partition, long countMax)
    {
        var oracle = new Oracle();
        var events = new EventColumns();
        for (var offset = 0L; offset < log.Extent(partition).Head; offset++)
        {
            using var batch = log.ReadAsync(partition, offset, 1).AsTask().Result;
            var record = batch.Records[0];
            if (record.State == RecordState.HeaderBroken)
                oracle._fates.Add($"fate {offset}/-1 0 Parked HeaderCorrupt 0");
            else
                oracle.Add(log.Identity, record, events, countMax);
        }

        return oracle.Lines();
    }

    /// <summary>The same lines of what a store holds.</summary>
    public static List<string> Of(MemoryStore.Rated rated)
    {
        var lines = rated.Fates.Values.Select(f =>
            $"fate {f.Offset}/{f.Index} {f.Account} {f.Fate} {f.Reason} {f.EventCount}"
            + (f.Original is { } o ? $" {o.Offset}/{o.Index}" : "")).ToList();
        foreach (var t in rated.Totals.Values)
        {
            var s = rated.Series[t.Series];
            lines.Add(
                $"total {s.Account}|{s.CustomerRef}|{s.ProductRef}|{s.Currency}|{s.EntityRef}|{t.Window} "
                + $"{(t.Sum, t.Count, t.Min, t.Max, t.Last, t.LastAtMs, $"{t.Offset}/{t.Index}")}");
        }

        lines.AddRange(rated.Names.Values.Select(n =>
            $"name {n.Account}|{n.Kind}|{n.Ref} {n.Name} {n.Offset}/{n.Index}"));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    void Add(LogIdentity log, LogRecord record, EventColumns events, long countMax)
    {
        FrameHeader.TryRead(record.Frame.Span, out var header);
        _logTimeMs = Math.Max(_logTimeMs, header.TimeMs);
        var at = $"{record.Offset}/-1 0";
        if (record.State == RecordState.PayloadBroken)
            _fates.Add($"fate {at} Parked FrameCorrupt {header.EventCount}");
        else if (header.Version != 1)
            _fates.Add($"fate {at} Parked FrameUnknown {header.EventCount}");
        else if (!new FrameCodec().TryDecode(record.Frame.Span, events))
            _fates.Add($"fate {at} Parked FrameCorrupt {header.EventCount}");
        else if (!Enter(header, (long)log.DedupeWindow.TotalMilliseconds))
            _fates.Add($"fate {at} Duplicate None {header.EventCount}");
        else
            for (var i = 0; i < events.Count; i++) Add(log, record.Offset, events, i, countMax);
    }

    bool Enter(FrameHeader header, long windowMs)
    {
        if (!_producers.TryGetValue(header.ProducerId, out var producer) || producer.LogTimeMs < _logTimeMs - windowMs)
            producer = ([], header.ProducerNumber, 0);
        if (header.ProducerNumber <= producer.High - 64 || !producer.Seen.Add(header.ProducerNumber)) return false;
        _producers[header.ProducerId] =
            (producer.Seen, Math.Max(producer.High, header.ProducerNumber), _logTimeMs);
        return true;
    }

    void Add(LogIdentity log, long offset, EventColumns events, int i, long countMax)
    {
        string C(ByteColumn column, int index) => Encoding.UTF8.GetString(column[index]);
        var customer = events.Customer[i];
        var product = events.Product[i];
        var account = events.Customers.Account(customer);
        var customerRef = C(events.Customers.Refs, customer);
        var productRef = C(events.Products.Refs, product);
        var series = $"{account}|{customerRef}|{productRef}|{C(events.Assertions.Names, events.Assertion[i])}"
            + $"|{C(events.Assertions.Refs, events.Assertion[i])}";
        var quantity = events.Quantity[i];
        var atMs = events.TimestampMs[i];
        var at = $"{offset}/{i}";
        var text = $"{series} {C(events.Customers.Names, customer)} {C(events.Products.Names, product)} {atMs} "
            + $"{quantity} {C(events.Data, i)}";
        var key = $"{account}|{customerRef}|{C(events.Keys, i)}";
        if (events.Keys[i].Length > 0 && IsRefused(log, offset, i, key, text, account)) return;
        Name($"{account}|Customer|{customerRef}", C(events.Customers.Names, customer), at);
        Name($"{events.Products.Account(product)}|Product|{productRef}", C(events.Products.Names, product), at);
        var total = _totals.GetValueOrDefault($"{series}|{UsageWindow.Of(atMs)}");
        if (total.Count >= countMax)
        {
            _fates.Add($"fate {at} {account} Parked TotalOverflow 1");
            return;
        }

        var isLast = total.Count == 0 || atMs >= total.LastAtMs;
        _totals[$"{series}|{UsageWindow.Of(atMs)}"] = (
            total.Sum + quantity, total.Count + 1,
            total.Count == 0 ? quantity : Int128.Min(total.Min, quantity),
            total.Count == 0 ? quantity : Int128.Max(total.Max, quantity),
            isLast ? quantity : total.Last, isLast ? atMs : total.LastAtMs, at);
    }

    bool IsRefused(
        LogIdentity log, long offset, int index, string key, string text, AccountId account)
    {
        var known = _keys.TryGetValue(key, out var first)
            && first.LogTimeMs >= _logTimeMs - (long)log.DedupeWindow.TotalMilliseconds;
        if (!known)
        {
            _keys[key] = (offset, index, text, _logTimeMs);
            return false;
        }

        var fate = first.Event == text ? Fate.Duplicate : Fate.Conflict;
        _fates.Add($"fate {offset}/{index} {account} {fate} None 1 {first.Offset}/{first.Index}");
        return true;
    }

    void Name(string reference, string name, string at)
    {
        if (name.Length > 0) _names[reference] = $"{name} {at}";
    }

    List<string> Lines()
    {
        var lines = _fates.ToList();
        lines.AddRange(_totals.Select(t => $"total {t.Key} {t.Value}"));
        lines.AddRange(_names.Select(n => $"name {n.Key} {n.Value}"));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }
}

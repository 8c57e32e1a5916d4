using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Model;

namespace Received.Tests.Ingest;

/// <summary>
/// One body read three ways: with shapes, which whatever came before has taught; by the general path alone; and by
/// System.Text.Json. Null where they agree.
/// </summary>
sealed class ScanComparison
{
    static readonly EventRules Open = new(false, true, long.MinValue, long.MaxValue, 100);

    readonly ScannedEvents _fast = new(new());
    readonly ScannedEvents _general = new(new() { LearnsShapes = false });

    /// <summary>Events that were taken, and those of them that the fast path took once their shapes were
    /// known.</summary>
    public long Taken { get; private set; }

    public long TakenFast { get; private set; }

    /// <param name="random">Chooses the rules, and what lies behind the body in memory.</param>
    public string? Difference(byte[] body, BodyForm form, Random random)
    {
        // What lies behind a body must not matter: vectors are loaded near its end.
        var memory = new byte[body.Length + 64];
        random.NextBytes(memory);
        body.CopyTo(memory, 0);
        var text = memory.AsSpan(0, body.Length);
        var rules = new EventRules(
            random.Next(4) == 0, random.Next(2) == 0, 1_707_000_000_000, 1_707_123_000_000 + random.Next(400_000), 100);
        // The second time its own shapes are known.
        if (Paths(text, form, Open) is { } first) return first;
        if (Paths(text, form, rules) is { } ruled) return $"{rules}: {ruled}";
        var shapes = _fast.Events.Shapes!;
        var before = shapes.Taken;
        if (Paths(text, form, Open) is { } second) return second;

        TakenFast += shapes.Taken - before;
        Taken += _general.Accepted;
        return form == BodyForm.Lines ? LinesAgainstJson(body) : BodyAgainstJson(body, form);
    }

    /// <summary>Only the two paths, for bodies past what the comparison with System.Text.Json knows.</summary>
    public string? Paths(ReadOnlySpan<byte> text, BodyForm form) => Paths(text, form, Open);

    string? Paths(ReadOnlySpan<byte> text, BodyForm form, in EventRules rules)
    {
        var fast = _fast.Scan(text, form, rules);
        var general = _general.Scan(text, form, rules);
        if (fast != general) return $"the body: {fast}, generally {general}";
        if (_fast.Count != _general.Count || _fast.Refused != _general.Refused) return "counts";
        for (var i = 0; i < _general.Count; i++)
        {
            if (Same(text, _fast[i], _general[i])) continue;
            return $"event {i}:\n  {Describe(text, _fast, _fast[i])}\n  generally\n  "
                + Describe(text, _general, _general[i]);
        }

        return null;
    }

    bool Same(ReadOnlySpan<byte> body, in ParsedEvent one, in ParsedEvent other) =>
        (one.Reason, one.Field, one.Raw) == (other.Reason, other.Field, other.Raw)
        && SameText(body, one.FieldName, other.FieldName)
        && (one.Reason != RejectReason.None || (
            (one.TimestampMs, one.Quantity) == (other.TimestampMs, other.Quantity)
            && SameText(body, one.CustomerRef, other.CustomerRef) && SameText(body, one.ProductRef, other.ProductRef)
            && SameText(body, one.CustomerName, other.CustomerName)
            && SameText(body, one.ProductName, other.ProductName)
            && SameText(body, one.Currency, other.Currency) && SameText(body, one.EntityRef, other.EntityRef)
            && SameText(body, one.Key, other.Key) && SameText(body, one.Data, other.Data)));

    bool SameText(ReadOnlySpan<byte> body, Slice one, Slice other) =>
        _fast.Text(body, one).SequenceEqual(_general.Text(body, other));

    static string Describe(ReadOnlySpan<byte> body, ScannedEvents events, in ParsedEvent e) =>
        e.Reason != RejectReason.None
            ? $"{e.Reason} {e.Field} {Text(body, events, e.FieldName)} {e.Raw}"
            : $"{e.Raw} {Values(body, events, e)}";

    static string Values(ReadOnlySpan<byte> body, ScannedEvents events, in ParsedEvent e) => EventOracle.Describe(
        e.TimestampMs, Text(body, events, e.CustomerRef), Text(body, events, e.CustomerName),
        Text(body, events, e.ProductRef), Text(body, events, e.ProductName), Quantity.Format(e.Quantity),
        Text(body, events, e.Data), Text(body, events, e.Currency), Text(body, events, e.EntityRef),
        Text(body, events, e.Key));

    static string Text(ReadOnlySpan<byte> body, ScannedEvents events, Slice slice) =>
        Encoding.UTF8.GetString(events.Text(body, slice));

    string? BodyAgainstJson(byte[] body, BodyForm form)
    {
        var result = _general.Scan(body, form, Open);
        if (result.Fault == BodyFault.TooDeep) return null;
        var length = JsonLength(body, form);
        if (length < 0 != (result.Fault != BodyFault.None)) return $"the body: {result}, to JSON of length {length}";
        if (length < 0) return null;
        return length == _general.Count ? EventsAgainstJson(body) : $"{_general.Count} events, to JSON {length}";
    }

    /// <summary>Number of events by System.Text.Json; -1 where it is no JSON.</summary>
    static int JsonLength(byte[] body, BodyForm form)
    {
        if (!Utf8.IsValid(body)) return -1;
        var start = body.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        try
        {
            using var document = JsonDocument.Parse(
                body.AsMemory(start), new() { MaxDepth = Limits.BodyDepthMax + 1 });
            var isBatch = form == BodyForm.Array && document.RootElement.ValueKind == JsonValueKind.Array;
            return isBatch ? document.RootElement.GetArrayLength() : 1;
        }
        catch (JsonException)
        {
            return -1;
        }
    }

    string? EventsAgainstJson(byte[] body)
    {
        for (var i = 0; i < _general.Count; i++)
        {
            var e = _general[i];
            var ours = e.Reason == RejectReason.None ? Values(body, _general, e) : "refused";
            var raw = body[e.Raw.Start..(e.Raw.Start + e.Raw.Length)];
            // To the oracle a byte order mark is the start of a body; to us within one it is no JSON.
            var theirs = raw.AsSpan().StartsWith("\uFEFF"u8) ? "refused" : EventOracle.Read(raw);
            if (ours != theirs) return $"event {i}:\n  {ours}\n  to JSON\n  {theirs}";
        }

        return null;
    }

    /// <summary>An event's raw bytes are then its line, which System.Text.Json reads or refuses whole.</summary>
    string? LinesAgainstJson(byte[] body)
    {
        var lines = 0;
        var rest = body.AsSpan().StartsWith("\uFEFF"u8) ? body.AsSpan(3) : body;
        foreach (var line in rest.Split((byte)'\n'))
            if (rest[line].Trim(" \t\r"u8).Length > 0) lines++;
        return lines == _general.Count ? EventsAgainstJson(body) : $"{_general.Count} events in {lines} lines";
    }
}

using Received.Ingest.Formats;

namespace Received.Tests.Ingest;

/// <summary>All events of a body at once, as no request ever holds them.</summary>
sealed class ScannedEvents(ParsedEvents events)
{
    readonly List<ParsedEvent> _all = [];

    public ParsedEvents Events => events;

    public int Count => _all.Count;

    public int Refused => _all.Count(e => e.Reason != default);

    public int Accepted => Count - Refused;

    public ParsedEvent this[int index] => _all[index];

    public ScanResult Scan(ReadOnlySpan<byte> body, BodyForm form, in EventRules rules)
    {
        events.Clear();
        _all.Clear();
        var reader = new EventReader(body, form, rules, events);
        // Not closed: what was unescaped of each is looked at later.
        for (var e = default(ParsedEvent); reader.Next(ref e);) _all.Add(e);
        return reader.Result;
    }

    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> body, Slice slice) => events.Text(body, slice);
}

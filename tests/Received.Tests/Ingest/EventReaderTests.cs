using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using CsCheck;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Model;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>The scanner against System.Text.Json: the same documents are JSON, and the same values are read.</summary>
public sealed class EventReaderTests
{
    static readonly EventRules Rules = new(false, true, long.MinValue, long.MaxValue, 100);

    [Fact]
    public void What_is_json_to_us_is_json_to_system_text_json() =>
        Gen.Int.Sample(
            seed =>
            {
                var text = new UglyJson(seed).Document();
                return !Utf8.IsValid(text) || IsJsonToUs(text) == IsJsonToThem(text);
            },
            iter: 20_000, print: seed => Encoding.UTF8.GetString(new UglyJson(seed).Document()));

    static bool IsJsonToUs(byte[] text)
    {
        var cursor = new JsonCursor(text, 0);
        return cursor.SkipValue(0) && cursor.Peek() < 0;
    }

    static bool IsJsonToThem(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new() { MaxDepth = Limits.BodyDepthMax });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [Fact]
    public void An_event_is_taken_with_the_values_that_system_text_json_reads_or_refused() =>
        Gen.Int.Sample(
            seed =>
            {
                var text = new UglyJson(seed).Event();
                Assert.Equal(EventOracle.Read(text), Scan(text));
            },
            iter: 20_000, print: seed => Encoding.UTF8.GetString(new UglyJson(seed).Event()));

    /// <summary>Guards the two above: most of what they generate must not simply be refused.</summary>
    [Fact]
    public void A_good_part_of_the_generated_events_is_taken()
    {
        var taken = Enumerable.Range(0, 1000).Count(seed => Scan(new UglyJson(seed).Event()) != "refused");
        Assert.InRange(taken, 100, 900);
    }

    static string Scan(byte[] text)
    {
        var events = new ScannedEvents(new());
        var result = events.Scan(text, BodyForm.Single, Rules);
        if (result.Fault != BodyFault.None || events.Refused > 0) return "refused";
        var e = events[0];
        return EventOracle.Describe(
            e.TimestampMs, Text(e.CustomerRef), Text(e.CustomerName), Text(e.ProductRef), Text(e.ProductName),
            Quantity.Format(e.Quantity), Text(e.Data), Text(e.Currency), Text(e.EntityRef), Text(e.Key));

        string Text(Slice slice) => Encoding.UTF8.GetString(events.Text(text, slice));
    }

    [Theory]
    [InlineData("2024-02-05T08:55:32.160Z", 1_707_123_332_160)]
    [InlineData("1970-01-01T00:00:00z", 0)]
    [InlineData("1969-12-31t23:59:59.9999Z", -1)]
    [InlineData("2024-02-29T12:00:00.1+05:30", 1_709_188_200_100)]
    [InlineData("2016-12-31T23:59:60.999Z", 1_483_228_799_999)]
    [InlineData("2017-01-01T05:29:60+05:30", 1_483_228_799_999)]
    [InlineData("0001-01-01T00:00:00Z", -62_135_596_800_000)]
    [InlineData("9999-12-31T23:59:59.999Z", 253_402_300_799_999)]
    public void A_timestamp_is_read_to_the_millisecond(string text, long unixMs)
    {
        Assert.True(Rfc3339.TryParse(Encoding.ASCII.GetBytes(text), out var read));
        Assert.Equal(unixMs, read);
    }

    public static TheoryData<string> FlawedNonObjects =>
        ["\"\\ud800\"", new string('[', Limits.EventDepthMax + 1) + new string(']', Limits.EventDepthMax + 1)];

    [Theory, MemberData(nameof(FlawedNonObjects))]
    public void What_is_wrong_with_a_refused_value_is_not_held_against_the_next_event(string value)
    {
        var body = Encoding.UTF8.GetBytes($"[{value},{DoorHost.Event(1, "c")}]");
        var events = new ScannedEvents(new() { LearnsShapes = false });
        Assert.Equal(default, events.Scan(body, BodyForm.Array, Rules));
        Assert.Equal(
            [RejectReason.NotAnObject, RejectReason.None], [events[0].Reason, events[1].Reason]);
    }

    [Fact]
    public void Escaped_names_of_refused_fields_are_kept_for_the_answer_and_nothing_else_is()
    {
        // Refused for a name with an escape, and taken with an escape, in turn: more than an answer lists.
        const int Count = 3 * Limits.ErrorsListedMax;
        var all = Enumerable.Range(0, Count).Select(i => i % 2 == 0
            ? $"{{\"n\\u0061me {i}\":1,{DoorHost.Event(1, "c")[1..]}"
            : DoorHost.Event(1, "caf\\u00e9"));
        var body = Encoding.UTF8.GetBytes($"[{string.Join(',', all)}]");
        var events = new ParsedEvents();
        var reader = new EventReader(body, BodyForm.Array, Rules with { Strict = true, EventsMax = Count }, events);
        for (var e = default(ParsedEvent); reader.Next(ref e);)
        {
            if (e.Reason == RejectReason.None)
                Assert.Equal("caf\u00e9", Encoding.UTF8.GetString(events.Text(body, e.CustomerRef)));
            events.Close(e);
        }

        Assert.Equal(default, reader.Result);
        Assert.Equal((Count, Count / 2), (events.Count, events.Refused));
        Assert.Equal(Count / 2, events.RefusedByReason[(int)RejectReason.UnknownField]);
        Assert.Equal(Limits.ErrorsListedMax, events.Refusals.Count);
        foreach (var refusal in events.Refusals)
            Assert.Equal($"name {refusal.Index}", Encoding.UTF8.GetString(events.Text(body, refusal.Name)));
    }

    [Fact]
    public void Scanning_allocates_nothing_per_event()
    {
        var one = Encoding.UTF8.GetBytes("[" + DoorHost.Event(1, "caf\\u00e9") + "]");
        var many = Encoding.UTF8.GetBytes(
            "[" + string.Join(",", Enumerable.Repeat(DoorHost.Event(1, "caf\\u00e9"), 2000)) + "]");
        var rules = Rules with { EventsMax = 10_000 };
        var events = new ParsedEvents();
        Read(many);
        var ofOne = Allocated(one);
        Assert.Equal(ofOne, Allocated(many));
        Assert.Equal(2000, events.Accepted);

        // The least of a few: a collection meanwhile, for another test, adds what is left of the allocation context.
        long Allocated(byte[] body) => Enumerable.Range(0, 5).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Read(body);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        void Read(byte[] body)
        {
            events.Clear();
            var reader = new EventReader(body, BodyForm.Array, rules, events);
            for (var e = default(ParsedEvent); reader.Next(ref e);) events.Close(e);
        }
    }
}

using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Received.Ingest.Batching;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Model;

namespace Received.Ingest.Http;

/// <summary>What clients get back, written by hand into the response's own buffers.</summary>
static class Answers
{
    const string Json = "application/json";
    const string ProblemJson = "application/problem+json";

    // The answers are JSON for programs, never put into a page unescaped: names in pointers stay readable.
    static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static ReadOnlySpan<byte> RefMember => ",\"event_ref\":\""u8;

    static ReadOnlySpan<byte> End => "\"}"u8;

    /// <summary>The event as it was sent, byte for byte, with event_ref as its last member.</summary>
    public static async Task WriteEchoAsync(HttpResponse response, ReadOnlyMemory<byte> raw, LogPosition position)
    {
        response.ContentType = Json;
        response.ContentLength = raw.Length - 1 + RefMember.Length + EventRef.Length + End.Length;
        WriteEcho(response.BodyWriter, raw.Span[..^1], position);
        await response.BodyWriter.FlushAsync();
    }

    static void WriteEcho(PipeWriter writer, ReadOnlySpan<byte> open, LogPosition position)
    {
        writer.Write(open);
        writer.Write(RefMember);
        var text = writer.GetSpan(EventRef.Length);
        EventRef.Format(position, text);
        writer.Advance(EventRef.Length);
        writer.Write(End);
    }

    public static async Task WriteProblemAsync(HttpResponse response, Problem problem, int retryAfterSeconds)
    {
        response.StatusCode = problem.Status;
        response.ContentType = ProblemJson;
        if (problem.Challenge is not null) response.Headers.WWWAuthenticate = problem.Challenge;
        if (problem.IsPassing) response.Headers.RetryAfter = retryAfterSeconds.ToString();
        if (problem == Problem.EncodingUnknown) response.Headers.AcceptEncoding = BodyEncodings.Offered;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            WriteHead(writer, problem);
            if (problem.Pointer is not null) writer.WriteString("pointer"u8, problem.Pointer);
            if (problem.Index is { } index) writer.WriteNumber("index"u8, index);
            if (problem.Offset is { } offset) writer.WriteNumber("offset"u8, offset);
            writer.WriteEndObject();
        }

        response.ContentLength = buffer.WrittenCount;
        await response.BodyWriter.WriteAsync(buffer.WrittenMemory);
    }

    static void WriteHead(Utf8JsonWriter writer, Problem problem)
    {
        writer.WriteString("type"u8, "about:blank"u8);
        writer.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(problem.Status));
        writer.WriteNumber("status"u8, problem.Status);
        writer.WriteString("code"u8, problem.Code);
        writer.WriteString("detail"u8, problem.Detail);
    }

    /// <summary>200 all taken, 207 some refused, 422 none taken.</summary>
    /// <param name="taken">Null when nothing was taken; otherwise gives the events' positions.</param>
    public static async Task WriteBatchAsync(
        HttpResponse response, ParsedEvents events, ReadOnlyMemory<byte> body, FrameBatcher? taken, bool refs)
    {
        var status = taken is null ? 422 : events.Refused > 0 ? 207 : 200;
        response.StatusCode = status;
        response.ContentType = taken is null ? ProblemJson : Json;
        using (var writer = new Utf8JsonWriter(response.BodyWriter, Plain))
        {
            writer.WriteStartObject();
            if (taken is null)
                WriteHead(writer, new(422, "batch_refused", "No event was taken; the errors say why, by index."));
            writer.WriteNumber("accepted"u8, taken is null ? 0 : events.Accepted);
            writer.WriteNumber("refused"u8, taken is null ? events.Count : events.Refused);
            WriteErrors(writer, events, body.Span);
            if (refs && taken is not null) WriteRefs(writer, events, taken);
            writer.WriteEndObject();
        }

        await response.BodyWriter.FlushAsync();
    }

    static void WriteErrors(Utf8JsonWriter writer, ParsedEvents events, ReadOnlySpan<byte> body)
    {
        writer.WriteStartArray("errors"u8);
        foreach (var refusal in events.Refusals)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, refusal.Index);
            writer.WriteString("code"u8, RejectTable.Code(refusal.Reason));
            writer.WriteString("pointer"u8, PointerOf(refusal, events, body));
            writer.WriteString("detail"u8, RejectTable.Detail(refusal.Reason));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("errors_not_listed"u8, events.Refused - events.Refusals.Count);
    }

    static void WriteRefs(Utf8JsonWriter writer, ParsedEvents events, FrameBatcher batcher)
    {
        Span<byte> text = stackalloc byte[EventRef.Length];
        writer.WriteStartArray("refs"u8);
        for (var i = 0; i < events.Count; i++)
        {
            var place = events.Place(i);
            if (place == EventPlace.None)
            {
                writer.WriteNullValue();
                continue;
            }

            EventRef.Format(batcher.PositionOf(place, events), text);
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    /// <summary>JSON pointer (RFC 6901) within the event: ~ and / of a name are escaped.</summary>
    public static string PointerOf(in EventRefusal refusal, ParsedEvents events, ReadOnlySpan<byte> body)
    {
        var pointer = RejectTable.Pointer(refusal.Field);
        if (refusal.Field is not (EventField.Unknown or EventField.UnknownValidation)) return pointer;
        var name = events.Text(body, refusal.Name);
        // Who sends megabytes as a field's name need not get them back.
        var text = Encoding.UTF8.GetString(name[..Math.Min(name.Length, Limits.NameBytesMax)]);
        return pointer + text.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
    }
}

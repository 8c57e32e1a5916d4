using System.Text.Json;
using System.Text.Unicode;

namespace Received.Server.Api.Billing;

/// <summary>Reads a request's body as one JSON object, bounded; what is no JSON is refused first.</summary>
static class JsonBody
{
    /// <summary>A contract of 200 lines with long texts has about 300 KiB.</summary>
    public const int BytesMax = 512 * 1024;

    const int DepthMax = 8;

    /// <param name="names">The fields that may stand in it.</param>
    /// <exception cref="RefusedException">It is not such an object; says why.</exception>
    public static async Task<JsonFields> ReadAsync(HttpContext http, params string[] names)
    {
        if (!http.Request.HasJsonContentType())
            throw Refuse(415, "content_type_unknown", "Send the body as Content-Type: application/json.");
        var bytes = await ReadBytesAsync(http.Request.Body, http.RequestAborted);
        if (!Utf8.IsValid(bytes.Span)) throw Refuse(400, "invalid_utf8", "The body is not valid UTF-8.");
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = DepthMax });
            root = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw Refuse(
                400, "malformed_json",
                $"The body is not valid JSON of at most {DepthMax} levels (line {e.LineNumber + 1}).");
        }

        return JsonFields.Of(root, "", names);
    }

    static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(Stream body, CancellationToken cancellation)
    {
        var bytes = new byte[4096];
        var length = 0;
        int read;
        while ((read = await body.ReadAsync(bytes.AsMemory(length), cancellation)) > 0)
        {
            length += read;
            if (length > BytesMax)
                throw Refuse(413, "body_too_large", $"The body may have at most {BytesMax} bytes here.");
            if (length == bytes.Length) Array.Resize(ref bytes, Math.Min(length * 2, BytesMax + 1));
        }

        return bytes.AsMemory(0, length);
    }

    static RefusedException Refuse(int status, string code, string detail) => new(Problem.Of(status, code, detail));
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Received.Server.Api.Billing;

/// <summary>Bodies of requests that change something: small, whole in memory, and refused by the field that is
/// wrong.</summary>
static class PaymentBody
{
    /// <summary>The largest sensible one lists some hundred invoices.</summary>
    const int BytesMax = 65_536;

    public static async Task<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type) where T : class =>
        await ReadOrNullAsync(http, type)
        ?? throw new RefusedException(PaymentProblem.Of(400, "body_missing", "Send a JSON object as body.", ""));

    /// <summary>Null where the body is empty: all of its fields have defaults.</summary>
    public static async Task<T?> ReadOrNullAsync<T>(HttpContext http, JsonTypeInfo<T> type) where T : class
    {
        var bytes = await ReadBytesAsync(http, BytesMax);
        if (bytes.Length == 0) return null;
        try
        {
            return JsonSerializer.Deserialize(bytes, type);
        }
        catch (JsonException e)
        {
            throw new RefusedException(PaymentProblem.Of(
                400, "body_invalid",
                "This is not the JSON that is expected here, or has a field that is not known or stands twice; "
                + "/scalar shows what there is. Amounts are texts such as \"119.00\", dates texts such as "
                + "\"2026-03-01\".",
                Pointer(e.Path)));
        }
    }

    /// <exception cref="RefusedException">There is more than that.</exception>
    public static async Task<byte[]> ReadBytesAsync(HttpContext http, int max)
    {
        using var body = new MemoryStream();
        var buffer = new byte[8_192];
        while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
        {
            if (body.Length + read > max)
                throw new RefusedException(Problem.Of(
                    StatusCodes.Status413PayloadTooLarge, "body_too_large", $"At most {max} bytes are taken here."));
            await body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
        }

        return body.ToArray();
    }

    /// <summary>"$.allocations[0].invoice" as "/allocations/0/invoice".</summary>
    static string Pointer(string? path) => path is null
        ? ""
        : path.TrimStart('$').Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)
            .Replace('.', '/');
}

/// <summary>Refusals that name a field of the body.</summary>
static class PaymentProblem
{
    public static ProblemHttpResult Of(int status, string code, string detail, string? pointer)
    {
        var extensions = new Dictionary<string, object?> { ["code"] = code };
        if (pointer is not null) extensions["pointer"] = pointer;
        return TypedResults.Problem(detail, statusCode: status, type: "about:blank", extensions: extensions);
    }
}

using System.Text;
using System.Text.Json;
using Received.Server.Cli;

namespace Received.Server.Demo.Billing;

/// <summary>The billing API as a finance tool would use it.</summary>
sealed class BillingClient(HttpClient http, string secret)
{
    public async Task<JsonElement> PostAsync(string path, string body, CancellationToken cancellation)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await SendAsync(new(HttpMethod.Post, path) { Content = content }, cancellation);
    }

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellation) =>
        await SendAsync(new(HttpMethod.Get, path), cancellation);

    /// <summary>An answer as it is, to a file.</summary>
    public async Task CopyAsync(string path, string file, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new("Bearer", secret);
        using var answer = await http.SendAsync(request, cancellation);
        answer.EnsureSuccessStatusCode();
        await using var target = File.Create(file);
        await answer.Content.CopyToAsync(target, cancellation);
    }

    async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.Authorization = new("Bearer", secret);
            using var answer = await http.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            if (!answer.IsSuccessStatusCode)
                throw new CommandException($"{request.Method} {request.RequestUri}: {(int)answer.StatusCode} {text}");
            using var json = JsonDocument.Parse(text.Length == 0 ? "null" : text);
            return json.RootElement.Clone();
        }
    }
}

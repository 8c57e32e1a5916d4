using System.Net.Http.Headers;
using System.Text;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model.Access;

namespace Received.Faults;

/// <summary>The account that the tests' events are of, and how they are sent with its key.</summary>
sealed class FaultsAccount(string secret)
{
    public const string Name = "faults";

    /// <summary>Made in a data folder that has none yet.</summary>
    public static async Task<FaultsAccount> MakeAsync(string data)
    {
        var store = await BillingStore.OpenAsync(data);
        var account = await new AccountBook(store, TimeProvider.System).CreateAsync(Name, false);
        var key = await new KeyBook(store, TimeProvider.System).CreateAsync(
            account!, Scopes.UsageWrite | Scopes.UsageRead, Name);
        return new(key.Secret);
    }

    public static HttpClient Client(string url) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new(url),
        Timeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>The status of the answer, or null where there was none.</summary>
    public async Task<int?> SendAsync(HttpClient http, string path, string body, string type, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.Authorization = new("Bearer", secret);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var answer = await http.SendAsync(request);
            // Read to its end: a cut answer is none.
            await answer.Content.ReadAsByteArrayAsync();
            return (int)answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }
}

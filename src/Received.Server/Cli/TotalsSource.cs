using System.Runtime.CompilerServices;
using Received.Server.Api;

namespace Received.Server.Cli;

/// <summary>Totals of one account from a server: all pages one after the other, or an export whole.</summary>
/// <param name="path">Path and query, without format and cursor.</param>
sealed class TotalsSource(ServerLink link, string account, string path)
{
    public async IAsyncEnumerable<TotalItem> ItemsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        string? cursor = null;
        do
        {
            var page = await ReadPageAsync(cursor, cancellation);
            foreach (var item in page.Items) yield return item;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    public async Task CopyAsync(string format, Stream target, CancellationToken cancellation)
    {
        using var response = await link.SendAsync(
            HttpMethod.Get, $"{path}&format={format}", account, cancellation, "*/*");
        await response.Content.CopyToAsync(target, cancellation);
    }

    async Task<TotalsPage> ReadPageAsync(string? cursor, CancellationToken cancellation)
    {
        var page = $"{path}&format=json&limit={TotalsRequest.LimitMax}" + (cursor is null ? "" : $"&cursor={cursor}");
        using var response = await link.SendAsync(HttpMethod.Get, page, account, cancellation);
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.TotalsPage, cancellation))!;
    }
}

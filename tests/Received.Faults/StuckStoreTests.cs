using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Access;
using Received.Rating;
using Received.Server;
using Received.Server.Hosting;
using Received.Server.Options;
using Xunit;

namespace Received.Faults;

/// <summary>
/// A usage store whose writes do not return, under the whole server in this process: the doors go on, it shows, reads
/// are answered, memory stays bounded, and all comes right when it is over.
/// </summary>
public sealed class StuckStoreTests : IAsyncDisposable
{
    const int Batches = 40;
    const int BatchEvents = 100;

    static readonly string Day = DateTime.UtcNow.ToString("yyyy-MM-dd'T'00:00:00'Z'");

    readonly string _folder = Directory.CreateTempSubdirectory("received-stuck-").FullName;
    WebApplication _app = null!;
    HttpClient _http = null!;
    HeldStore _store = null!;
    string _secret = "";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writes_that_do_not_return_hold_up_nobody_and_nothing_is_lost_or_doubled(bool afterWriting)
    {
        await StartAsync(afterWriting);
        await SendAsync(0);
        await Until(async () => await AuditAsync() is { Balanced: true, Counted: BatchEvents });

        _store.Hold();
        for (var i = 0; i < Batches; i++) await SendAsync(i);
        await Until(() => Task.FromResult(_store.Waiting == 2));
        await Until(async () => await GetAsync("/health/ready") is { Status: 503, Text: var problems }
            && problems.Contains("rating: waiting") && problems.Contains("archive: waiting"));
        Assert.Equal(200, (await GetAsync("/health/live")).Status);
        Assert.Contains(Rating.Snapshot(), lag => lag.Frames > 0 && lag.Behind > TimeSpan.Zero);
        // Law 7: nobody may take what is rated for all there is.
        Assert.Contains(await _store.ReadHeartbeatsAsync(), beat => beat.Rated < Head(beat.Partition));
        Assert.Equal(200, (await GetAsync("/api/usage/totals")).Status);
        // More comes in, and no more is read: what waits stands in the log, not in memory.
        for (var i = 0; i < Batches; i++) await SendAsync(i);
        Assert.Equal(2, _store.Waiting);

        _store.Release();
        await CountedOnceAsync(accepted: ((2 * Batches) + 1) * BatchEvents);
        Assert.Equal(200, (await GetAsync("/health/ready")).Status);
    }

    [Fact]
    public async Task A_server_that_is_stopped_while_a_write_never_returns_ends_and_the_next_one_counts_all_once()
    {
        await StartAsync(afterWriting: true);
        _store.Hold();
        for (var i = 0; i < Batches; i++) await SendAsync(i);
        await Until(() => Task.FromResult(_store.Waiting == 2));
        await StopAsync();

        await StartAsync(afterWriting: false);
        await SendAsync(0);
        await CountedOnceAsync(accepted: (Batches + 1) * BatchEvents);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Release();
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    RatingLoop Rating => _app.Services.GetRequiredService<Loops>().Rating!;

    async Task StartAsync(bool afterWriting)
    {
        var settings = Settings.Read(new()
        {
            ["Received:Data"] = _folder,
            ["Received:Urls"] = "http://127.0.0.1:0",
            ["Received:StopTimeout"] = "00:00:02",
            ["Received:Log:SegmentBytes"] = "1048576",
            ["Received:Rating:StuckAfter"] = "00:00:01",
            ["Logging:LogLevel:Default"] = "None",
            ["Logging:LogLevel:Received"] = "None",
        });
        _app = await Compose.BuildAsync(
            settings, ServerUse.Public, default, store => _store = new(store, afterWriting));
        await _app.StartAsync();
        _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(ListenAddress.Of(_app)) };
        var billing = _app.Services.GetRequiredService<BillingStore>();
        var accounts = new AccountBook(billing, TimeProvider.System);
        var account = await accounts.FindAsync("stuck") ?? await accounts.CreateAsync("stuck", false);
        var key = await new KeyBook(billing, TimeProvider.System).CreateAsync(
            account!, Scopes.UsageWrite | Scopes.UsageRead, "");
        await _app.Services.GetRequiredService<AccessFeed>().ReloadAsync();
        _secret = key.Secret;
    }

    async Task StopAsync()
    {
        _http.Dispose();
        try
        {
            await _app.StopAsync();
        }
        catch (OperationCanceledException)
        {
            // The loops did not end in the time they were given.
        }

        await _app.DisposeAsync();
    }

    /// <summary>Keyed events; the same number is the same batch.</summary>
    async Task SendAsync(int number)
    {
        var lines = Enumerable.Range(number * BatchEvents, BatchEvents).Select(i =>
            $"{{\"timestamp\": \"{Day}\", \"customer_ref\": \"c{i % 50}\", "
            + $"\"usage_product_ref\": \"p\", \"quantity\": 2, \"idempotency_key\": \"k{i}\"}}");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/usage/events")
        {
            Content = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _secret);
        using var answer = await _http.SendAsync(request);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    async Task<(int Status, string Text)> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _secret);
        using var answer = await _http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    async Task<AuditFigures> AuditAsync() =>
        (await _app.Services.GetRequiredService<UsageAudit>().ReadAsync()).Total;

    long Head(PartitionId partition) => _app.Services.GetRequiredService<Engine>().Log.Extent(partition).Head;

    async Task CountedOnceAsync(long accepted)
    {
        await Until(async () => (await AuditAsync()).Accepted == accepted);
        await _app.Services.GetRequiredService<Loops>().CaughtUpAsync(
            _app.Services.GetRequiredService<Engine>(), default);
        var audit = await AuditAsync();
        Assert.True(audit is { Balanced: true, Conflict: 0, Counted: Batches * BatchEvents }, audit.ToString());
        Assert.Equal(accepted - (Batches * BatchEvents), audit.Duplicate);
        var sum = (await _store.ReadAuditAsync()).Sum(line => line.Archived.Accepted);
        Assert.Equal(accepted, sum);
    }

    static async Task Until(Func<Task<bool>> reached)
    {
        var limit = DateTime.UtcNow.AddSeconds(60);
        while (!await reached())
        {
            Assert.True(DateTime.UtcNow < limit, "not reached within a minute");
            await Task.Delay(50);
        }
    }
}

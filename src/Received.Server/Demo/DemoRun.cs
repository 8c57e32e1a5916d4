using System.Security.Cryptography;
using System.Threading.Channels;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model.Access;
using Received.Server.Cli;
using Received.Server.Demo.Billing;
using Spectre.Console;

namespace Received.Server.Demo;

/// <summary>
/// The whole way on one machine: a server of its own, an account, a million events over HTTP from concurrent clients, a
/// kill -9 half way, and every total compared with what was sent; then contracts, invoices, payments and books. Up to
/// the totals nothing is a stand-in; behind them the clock and Stripe are.
/// </summary>
sealed class DemoRun(IAnsiConsole console, TimeProvider time, DemoPlan plan, DemoProfile profile, string data)
{
    const string AccountName = "Demo";
    const int ClientCount = 12;

    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    readonly DemoTally _tally = new();

    /// <summary>True when all figures agree.</summary>
    /// <param name="totals">A file for all totals, or null.</param>
    /// <param name="documents">Where the invoices go as PDF files.</param>
    /// <exception cref="CommandException">The server could not be started or read.</exception>
    public async Task<bool> RunAsync(string? totals, string documents, CancellationToken cancellation)
    {
        Directory.CreateDirectory(data);
        if (Directory.EnumerateFileSystemEntries(data).Any())
            throw new CommandException($"The demo needs an empty folder and {data} is none: name another with --data.");
        var secret = await MakeAccountAsync(cancellation);
        var billing = new DemoBilling(console, time, plan, profile, data, secret);
        return await RateAsync(secret, totals, billing, cancellation)
            && await billing.RunAsync(documents, cancellation);
    }

    /// <summary>From events to totals, and the contracts that they will fall under.</summary>
    async Task<bool> RateAsync(string secret, string? totals, DemoBilling billing, CancellationToken cancellation)
    {
        await using var server = new DemoServer(data, time, settings: profile.Variables);
        console.WriteLine($"Data in {data}, server at {server.Url}; {profile.Adapters}");
        await server.StartAsync(cancellation);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new(server.Url),
            Timeout = TimeSpan.FromSeconds(60),
        };
        await StreamAsync(server, http, secret, cancellation);
        console.WriteLine("All answered. Waiting for the last totals, and comparing ...");
        var reader = new UsageReader(http, data, AccountName);
        var result = await new DemoCheck(plan, reader, _tally, time).RunAsync(cancellation);
        if (totals is not null)
            await reader.CopyAsync(
                $"/api/usage/totals?{DemoCheck.Range(plan)}&group=window&format=csv", totals, cancellation);
        await new DemoReport(console, plan, _tally).PrintAsync(result, reader, cancellation);
        if (result.Agrees) await billing.MakeContractsAsync(http, cancellation);
        return result.Agrees;
    }

    public static ulong RandomSeed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    async Task<string> MakeAccountAsync(CancellationToken cancellation)
    {
        var store = await BillingStore.OpenAsync(data, cancellation);
        var account = await new AccountBook(store, time).CreateAsync(AccountName, false, cancellation)
            ?? throw new CommandException("The account is there already.");
        var key = await new KeyBook(store, time).CreateAsync(
            account, Scopes.UsageWrite | Scopes.UsageRead | Scopes.BillingRead | Scopes.BillingWrite, "demo",
            cancellation);
        return key.Secret;
    }

    async Task StreamAsync(DemoServer server, HttpClient http, string secret, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var chunks = Channel.CreateUnbounded<int>();
        // Chunks of single events take longest: none of them at the very end, when other clients would only wait.
        var order = Enumerable.Range(0, plan.ChunkCount)
            .OrderBy(chunk => DemoPlan.IsSentSingly(chunk) ? chunk / 2 : chunk);
        foreach (var chunk in order) chunks.Writer.TryWrite(chunk);
        chunks.Writer.Complete();
        var clients = Enumerable.Range(0, ClientCount)
            .Select(_ => Task.Run(() => SendAsync(chunks.Reader, http, secret, stop.Token), stop.Token)).ToArray();
        var sending = Task.WhenAll(clients);
        var killing = KillHalfWayAsync(server, stop.Token);
        try
        {
            var progress = new DemoProgress(console, plan, _tally, time).ShowAsync(sending, stop.Token);
            // Whatever fails first ends the rest: clients would wait for a dead server for ever.
            await await Task.WhenAny(killing, sending);
            await Task.WhenAll(killing, sending);
            await progress;
        }
        finally
        {
            await stop.CancelAsync();
            _tally.StopClock();
        }
    }

    async Task SendAsync(
        ChannelReader<int> chunks, HttpClient http, string secret, CancellationToken cancellation)
    {
        var client = new DemoClient(http, secret, plan, _tally, time);
        await foreach (var chunk in chunks.ReadAllAsync(cancellation)) await client.SendChunkAsync(chunk, cancellation);
    }

    async Task KillHalfWayAsync(DemoServer server, CancellationToken cancellation)
    {
        while (_tally.Answered < plan.EventCount / 2) await Task.Delay(Poll, time, cancellation);
        await server.KillAsync(cancellation);
        var killedAt = _tally.Answered;
        await server.StartAsync(cancellation);
        _tally.Note($"server killed (SIGKILL) after {killedAt:N0} answered events, and started again");
    }
}

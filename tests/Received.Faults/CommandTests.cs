using System.Globalization;
using Received.Server.Hosting;
using Xunit;

namespace Received.Faults;

/// <summary>
/// The program as its users run it: a process with arguments, two outputs and an exit code; 0 done, 1 refused or a
/// check that failed, 2 a wrong command line.
/// </summary>
public sealed class CommandTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Accounts_and_keys_are_made_listed_and_revoked(bool isServed)
    {
        await using var world = await World.MakeAsync();
        if (isServed) await world.Server.StartAsync(default);
        Assert.Contains("'acme' made", (await Command.RunAsync(world, "account", "create", "acme")).Succeeded());
        Assert.Contains("already", (await Command.RunAsync(world, "account", "create", "acme")).Refused());
        Assert.Contains("acme\trefused", (await Command.RunAsync(world, "account", "list")).Succeeded());

        var made = await Command.RunAsync(world, "key", "create", "--account", "acme", "--scope", "usage:read");
        var secret = made.Succeeded().Trim();
        Assert.StartsWith("rk_", secret, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, made.Errors);
        var id = made.Errors.Split(' ')[1];
        if (isServed) Assert.Equal(200, await world.StatusAsync("/api/usage/totals", secret));
        Assert.Contains("'nobody'", (await Command.RunAsync(world, "key", "create", "--account", "nobody")).Refused());

        var list = (await Command.RunAsync(world, "key", "list")).Succeeded();
        Assert.Contains($"{id}\tacme\tusage:read", list);
        Assert.DoesNotContain(secret, list);

        Assert.Contains("revoked", (await Command.RunAsync(world, "key", "revoke", id)).Succeeded());
        if (isServed) Assert.Equal(401, await world.StatusAsync("/api/usage/totals", secret));
        Assert.Contains("before", (await Command.RunAsync(world, "key", "revoke", id)).Succeeded());
        Assert.Contains("'key_99'", (await Command.RunAsync(world, "key", "revoke", "key_99")).Refused());
    }

    [Fact]
    public async Task Totals_audit_and_rerate_say_the_same_with_a_server_and_after_it_was_killed()
    {
        await using var world = await World.MakeAsync();
        await world.Server.StartAsync(default);
        var ledger = new Ledger();
        foreach (var customer in new[] { "a", "b", "b" })
            Assert.Equal(200, await world.SendAsync("/api/usage/event", ledger.Json(new(1, false, customer, "p", 2))));
        await world.SettleAsync();
        var served = await AskAllAsync(world);
        Assert.Contains("b\t\tp\t\t\t4\t2", served[0]);
        Assert.Contains(",b,,p,,,,4,2,2,2,2\r\n", served[1]);
        Assert.Contains("\"quantity\": \"4\"", served[2]);
        Assert.Contains("Balanced:", served[3]);

        await world.Server.KillAsync(default);
        Assert.Equal(served, await AskAllAsync(world));
    }

    [Fact]
    public async Task A_wrong_command_line_ends_with_2_and_says_what_would_be_right()
    {
        await using var world = await World.MakeAsync();
        foreach (var arguments in new string[][] { ["totals", "--group", "week"], ["key", "revoke"], ["bill"] })
        {
            var result = await Command.RunAsync(world, arguments);
            Assert.Equal(2, result.Code);
            Assert.NotEmpty(result.Errors);
        }
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_in_one_line()
    {
        await using var world = await World.MakeAsync();
        Assert.Contains(
            "IANA", (await Command.RunAsync(world, "totals", "--zone", "Mars/Base", "--group", "day")).Refused());
        (await Command.RunAsync(world, "account", "create", "second")).Succeeded();
        Assert.Contains("--account", (await Command.RunAsync(world, "totals")).Refused());

        var nowhere = world.Data + "-not-there";
        var lost = await Command.RunInAsync(nowhere, null, "audit");
        Assert.Contains(nowhere, lost.Refused());
        Assert.False(Directory.Exists(nowhere));
    }

    [Theory]
    [InlineData("Received__Ingest__BatchEventMax", "5")]
    [InlineData("Received__Log__PartitionCount", "0")]
    [InlineData("Received__StopTimeout", "soon")]
    public async Task A_wrong_setting_is_named_and_nothing_is_started(string name, string value)
    {
        await using var world = await World.MakeAsync();
        var result = await Command.RunInAsync(
            world.Data, new() { [name] = value }, "serve", "--urls", "http://127.0.0.1:0");
        Assert.Contains(name, result.Refused());
        Assert.False(Directory.Exists(Path.Combine(world.Data, "log")));
    }

    [Fact]
    public async Task Sigterm_under_load_ends_with_0_and_loses_nothing()
    {
        await using var world = await World.MakeAsync();
        var ledger = new Ledger();
        using var server = Command.Start(world.Data, null, "serve", "--urls", world.Server.Url);
        var output = Command.ReadAsync(server);
        while (ServerFile.ReadAll(world.Data).Count == 0 && !server.HasExited) await Task.Delay(20);

        var clients = Enumerable.Range(0, 4).Select(_ => SendUntilRefusedAsync(world, ledger)).ToArray();
        while (ledger.AcknowledgedCount < 200) await Task.Delay(10);
        await Command.TerminateAsync(server);
        var ended = await output;
        await Task.WhenAll(clients);

        Assert.True(ended.Code == 0, ended.ToString());
        Assert.Empty(ServerFile.ReadAll(world.Data));
        await world.Server.StartAsync(default);
        await ledger.CheckAsync(world.Reader);
    }

    static async Task SendUntilRefusedAsync(World world, Ledger ledger)
    {
        while (true)
        {
            var sent = ledger.Next(keyed: false);
            var status = await world.SendAsync("/api/usage/event", ledger.Json(sent));
            sent.Acknowledged = status == 200;
            if (!sent.Acknowledged) return;
        }
    }

    static async Task<IReadOnlyList<string>> AskAllAsync(World world)
    {
        static string Day(int offset) =>
            DateTime.UtcNow.Date.AddDays(offset).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string[] totals = ["totals", "--account", "faults", "--from", Day(-2), "--to", Day(3)];
        var answers = new List<string>();
        foreach (var format in new[] { "table", "csv", "json" })
            answers.Add((await Command.RunAsync(world, [.. totals, "--format", format])).Succeeded());
        answers.Add((await Command.RunAsync(world, "audit")).Succeeded());

        var file = Path.Combine(world.Data, "totals.parquet");
        (await Command.RunAsync(world, [.. totals, "--format", "parquet", "-o", file])).Succeeded();
        var parquet = await File.ReadAllBytesAsync(file);
        Assert.Equal("PAR1"u8, parquet.AsSpan(0, 4));
        Assert.Equal("PAR1"u8, parquet.AsSpan(parquet.Length - 4));
        Assert.Contains("all equal", (await Command.RunAsync(world, "rerate")).Succeeded());
        return answers;
    }
}

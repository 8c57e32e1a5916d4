using System.Diagnostics;
using Received.Server.Demo;
using Xunit;

namespace Received.Faults;

public sealed class FolderTests
{
    [Fact]
    public async Task A_second_server_on_one_folder_is_refused_plainly_and_the_first_goes_on()
    {
        await using var world = await World.MakeAsync();
        await world.Server.StartAsync(default);
        var start = new ProcessStartInfo(World.Program, ["serve", "--data", world.Data, "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var second = Process.Start(start)!;
        var output = await second.StandardOutput.ReadToEndAsync() + await second.StandardError.ReadToEndAsync();
        await second.WaitForExitAsync();
        Assert.Equal(1, second.ExitCode);
        Assert.Contains(world.Data, output);
        Assert.DoesNotContain("   at ", output);
        Assert.Equal(200, await world.SendAsync("/api/usage/event", new Ledger().Json(new(1, true, "c", "p", 1))));
    }

    [Fact]
    public async Task A_folder_is_free_again_after_a_kill()
    {
        await using var world = await World.MakeAsync();
        await world.Server.StartAsync(default);
        await world.Server.KillAsync(default);
        await using var next = new DemoServer(world.Data, TimeProvider.System, World.Program);
        await next.StartAsync(default);
    }
}

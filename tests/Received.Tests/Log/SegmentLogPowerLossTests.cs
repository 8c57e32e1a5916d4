using Xunit;

namespace Received.Tests.Log;

public sealed class SegmentLogPowerLossTests
{
    const int ScenarioStepsMax = 400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Law_1_acknowledged_frames_survive_a_power_loss_at_every_step(bool keepsSome)
    {
        for (var step = 1; step < ScenarioStepsMax; step++)
        {
            var rig = new LogRig(new() { OffAtStep = step }, seed: step);
            var done = await RunAsync(rig);
            rig.Files.LosePower(keepsSome ? new Random(step) : null);
            await CheckAfterAsync(rig);
            if (done) return;
        }

        Assert.Fail("The scenario has more steps than the test takes.");
    }

    [Fact]
    public async Task Law_1_acknowledged_frames_survive_a_second_power_loss_while_opening()
    {
        for (var step = 10; step < 90; step += 3)
        {
            for (var second = 1; second < 12; second++)
            {
                var rig = new LogRig(new() { OffAtStep = step }, seed: step);
                await RunAsync(rig);
                rig.Files.LosePower(new Random(step));
                rig.Files.OffAtStep = rig.Files.Steps + second;
                await RunAsync(rig);
                rig.Files.LosePower(new Random(second));
                await CheckAfterAsync(rig);
            }
        }
    }

    [Fact]
    public async Task Law_1_a_kill_and_then_a_power_loss_take_nothing_that_was_acknowledged()
    {
        for (var step = 1; step < 120; step++)
        {
            var rig = new LogRig(new() { OffAtStep = step }, seed: step);
            await RunAsync(rig);
            rig.Files.Kill();
            await using (var log = await rig.OpenAsync())
            {
                await rig.CheckAsync(log);
                await rig.AppendAsync(log, 1);
                rig.Files.LosePower(step % 2 == 0 ? new Random(step) : null);
            }

            await CheckAfterAsync(rig);
        }
    }

    /// <summary>Opens, appends, closes and opens again; false when the power went before the end.</summary>
    static async Task<bool> RunAsync(LogRig rig)
    {
        try
        {
            for (var round = 0; round < 2; round++)
            {
                await using var log = await rig.OpenAsync();
                for (var i = 0; i < 6; i++)
                    if (!await rig.AppendAsync(log, 1 + (i % 4), 500)) return false;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    static async Task CheckAfterAsync(LogRig rig)
    {
        await using (var log = await rig.OpenAsync())
        {
            Assert.Empty(log.Recovery.Damaged);
            await rig.CheckAsync(log);
            Assert.True(await rig.AppendAsync(log, 3));
        }

        rig.Files.LosePower();
        await using var again = await rig.OpenAsync();
        Assert.True(again.Recovery.CleanEnd);
        Assert.Null(again.Recovery.Cut);
        await rig.CheckAsync(again);
    }
}

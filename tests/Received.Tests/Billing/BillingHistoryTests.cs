using Xunit;

namespace Received.Tests.Billing;

/// <summary>
/// Random histories of everything behind the totals (<see cref="BillingHistory"/>), one bounded world after another, so
/// that a step costs the same however many there are. The long form: RECEIVED_HISTORY_STEPS=100000. A failure names its
/// seed, and RECEIVED_HISTORY_SEED begins with it.
/// </summary>
public sealed class BillingHistoryTests
{
    /// <summary>Some three years of three customers.</summary>
    const int WorldStepsMax = 1_000;

    static readonly int Steps = Setting("RECEIVED_HISTORY_STEPS", 300);
    static readonly int FirstSeed = Setting("RECEIVED_HISTORY_SEED", 1);

    [Fact]
    public async Task Law_6_and_10_hold_over_random_histories()
    {
        var worldSteps = Math.Clamp(Steps / 2, 1, WorldStepsMax);
        var seed = FirstSeed;
        for (var done = 0; done < Steps; seed++)
        {
            var steps = Math.Min(worldSteps, Steps - done);
            await using var history = await BillingHistory.MakeAsync(seed);
            await history.RunAsync(steps);
            done += steps;
            if (done % (5 * WorldStepsMax) == 0 || done == Steps)
                Console.WriteLine($"{done} of {Steps} steps, seeds {FirstSeed} to {seed}");
        }
    }

    static int Setting(string name, int otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable(name) ?? $"{otherwise}");
}

using Received.Server.Hosting;
using Received.Server.Options;
using Received.Usage;

namespace Received.Server.Ops;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: it does its roles' work; with 503 it says what it
/// does not. A front door alone is ready while the usage store is away: what it takes waits in the log. No account's
/// data, so no key is asked.
/// </summary>
static class Health
{
    /// <summary>A store that takes longer for a few rows is stuck, whatever it may answer in the end.</summary>
    static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", () => TypedResults.Ok(new HealthAnswer("live", []))).ExcludeFromDescription();
        app.MapGet("/health/ready", Ready).ExcludeFromDescription();
    }

    static async Task<IResult> Ready(
        Engine engine, Loops loops, Groups groups, Settings settings, TimeProvider time)
    {
        var problems = new List<string>();
        if (engine.LogFailure is { } failure) problems.Add($"log: {failure}");
        if (engine.Refusal is { } refusal) problems.Add($"rating: refused. {refusal}");
        else
        {
            problems.AddRange(loops.Problems());
            problems.AddRange(groups.Problems());
            CheckLag(loops, settings.Server, problems);
            if (settings.Roles != ServerRoles.Ingest) await CheckStoreAsync(engine, time, problems);
        }

        return problems.Count == 0
            ? TypedResults.Ok(new HealthAnswer("ready", problems))
            : TypedResults.Json(new HealthAnswer("not ready", problems), statusCode: 503);
    }

    static void CheckLag(Loops loops, ServerOptions options, List<string> problems)
    {
        var lag = loops.Rating?.Snapshot().Select(partition => partition.Frames).DefaultIfEmpty().Max() ?? 0;
        if (lag > options.ReadyLagFrames)
            problems.Add($"rating: {lag} frames behind the log; "
                + $"Received__ReadyLagFrames allows {options.ReadyLagFrames}.");
    }

    static async Task CheckStoreAsync(Engine engine, TimeProvider time, List<string> problems)
    {
        try
        {
            await engine.Store.ReadHeartbeatsAsync().AsTask().WaitAsync(StorePatience, time);
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
        {
            problems.Add($"usage store: {e.Message}");
        }
    }
}

/// <summary>What a health endpoint answers; Problems is empty where all is well.</summary>
sealed record HealthAnswer(string Status, IReadOnlyList<string> Problems);

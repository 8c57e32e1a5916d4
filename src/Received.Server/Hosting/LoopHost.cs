namespace Received.Server.Hosting;

/// <summary>
/// Runs a loop as long as the server runs. The loops keep themselves alive and tell how they are; one that ends all
/// the same does not end the server: doors stay open and reads go on.
/// </summary>
sealed class LoopHost(string name, Func<CancellationToken, Task> run, ILogger<LoopHost> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A loop's own first steps must not hold up the start of the others.
        await Task.Yield();
        try
        {
            await run(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            logger.LoopFailed(name, e);
        }
    }
}

using Received.Ingest.Batching;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class DistributionPoolTests
{
    [Fact]
    public async Task No_more_are_made_than_are_used_at_once_whichever_processors_threads_run_on()
    {
        const int Threads = 8;
        var pool = new DistributionPool(partitionCount: 2);
        var met = new HashSet<Distribution>();
        // Each thread on its own, so that what one gives back another takes, on processors that change.
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 2000; i++)
                {
                    var one = pool.Rent();
                    lock (met) met.Add(one);
                    if (i % 50 == 0) Thread.Yield();
                    pool.Return(one);
                }
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.InRange(met.Count, 1, Threads);
    }
}

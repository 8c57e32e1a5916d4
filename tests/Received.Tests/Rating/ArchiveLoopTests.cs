using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Model;
using Received.Rating;
using Received.Tests.Rating.Fakes;
using Received.Usage;
using Xunit;

namespace Received.Tests.Rating;

/// <summary>What the archive holds in memory, and when it gives way.</summary>
public sealed class ArchiveLoopTests : IDisposable
{
    readonly RatingMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task The_archive_writes_before_large_data_fills_the_memory()
    {
        var log = new ScriptedLog(1);
        var data = RandomNumberGenerator.GetBytes(900_000);
        for (var i = 1; i <= 60; i++) log.Append(History.Partition, Frames.WithData(i, data));
        var most = 0;
        var columns = new HashSet<EventColumns>();
        bool Saw(ArchivedFrame frame) => columns.Add(frame.Events!) || true;
        var store = new MemoryStore { OnArchive = all => most = Math.Max(most, all.Sum(one => one.Frames.Count(Saw))) };
        var options = new RatingOptions { ArchiveDelay = TimeSpan.FromMinutes(1), ReadBytes = 64 * 1024 * 1024 };
        var archive = new ArchiveLoop(
            log, store, Ownership.Of([History.Partition]), options, () => TimeSpan.Zero, () => TimeSpan.Zero, _metrics,
            TimeProvider.System, NullLogger<ArchiveLoop>.Instance);
        await RatingLoopTests.RunUntil(archive, () => archive.Snapshot()[0].Next >= 25);
        Assert.InRange(most, 24 * 1024 * 1024 / 900_000, 29);
        Assert.Single(columns);
    }

    [Theory]
    [InlineData(0, false), InlineData(1_000_000, true)]
    public async Task The_archive_leaves_the_cores_to_others_until_it_is_far_behind(int lagMaxDays, bool yields)
    {
        var mayYield = new List<bool>();
        var store = new MemoryStore { OnArchive = batches => mayYield.AddRange(batches.Select(one => one.MayYield)) };
        var archive = new ArchiveLoop(
            RatingLoopTests.Of(3), store, Ownership.Of([History.Partition]),
            new() { ArchiveLagMax = TimeSpan.FromDays(lagMaxDays) }, () => TimeSpan.Zero, () => TimeSpan.Zero, _metrics,
            TimeProvider.System, NullLogger<ArchiveLoop>.Instance);
        await RatingLoopTests.RunUntil(archive, () => archive.Snapshot()[0].Next == 3);
        Assert.Equal([yields], mayYield.Distinct());
    }

    [Theory]
    [InlineData(1, 0), InlineData(0, 60_000)]
    public async Task The_archive_writes_nothing_while_others_want_the_cores_or_rating_is_behind(int busy, int behindMs)
    {
        // All cores at once, from the moment when it is asked; on paper.
        var wanted = true;
        var spent = TimeSpan.Zero;
        var looks = 0;
        TimeSpan Spent() => spent += wanted ? busy * TimeSpan.FromMinutes(Environment.ProcessorCount) : TimeSpan.Zero;
        TimeSpan Behind()
        {
            looks++;
            return wanted ? TimeSpan.FromMilliseconds(behindMs) : TimeSpan.Zero;
        }

        var written = 0;
        var store = new MemoryStore { OnArchive = _ => written++ };
        var archive = new ArchiveLoop(
            RatingLoopTests.Of(3), store, Ownership.Of([History.Partition]), new() { ArchiveDelay = TimeSpan.Zero },
            Behind, Spent, _metrics, TimeProvider.System, NullLogger<ArchiveLoop>.Instance);
        await RatingLoopTests.RunUntil(archive, () =>
        {
            if (wanted && spent + looks * TimeSpan.FromMinutes(1) >= TimeSpan.FromMinutes(6))
            {
                Assert.Equal(0, written);
                wanted = false;
            }

            return archive.Snapshot()[0].Next == 3;
        });
        Assert.False(wanted);
        Assert.Equal(1, written);
    }
}

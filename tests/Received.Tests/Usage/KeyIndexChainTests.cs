using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;
using Received.Usage;
using Received.Usage.Runs;
using Xunit;

namespace Received.Tests.Usage;

/// <summary>Whether a folder of runs holds all that the store's progress stands for.</summary>
public sealed class KeyIndexChainTests : IDisposable
{
    const int Window = 100;

    static readonly PartitionId One = new(1);
    static readonly PartitionId Two = new(2);

    static readonly Gen<List<int>> Steps = Gen.Int[0, 9].List[1, 60];

    readonly string _root = Directory.CreateTempSubdirectory("received-chain-").FullName;

    string Folder => Path.Combine(_root, "keys");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Law_2_any_one_run_that_is_gone_is_noticed()
    {
        await using (var index = Open())
            for (var frame = 0; frame < 5; frame++) await AddAsync(index, One, frame, logTimeMs: 0);
        Assert.Null(Gap(new RatedProgress(One, 1, 9, 0, 0, 5, 0)));
        foreach (var run in Directory.GetFiles(Folder))
        {
            var bytes = File.ReadAllBytes(run);
            File.Delete(run);
            Assert.Contains("keys of partition 1", Gap(new RatedProgress(One, 1, 9, 0, 0, 5, 0)));
            File.WriteAllBytes(run, bytes);
        }

        Assert.Null(Gap(new RatedProgress(One, 1, 9, 0, 0, 5, 0)));
    }

    [Fact]
    public async Task Law_2_a_folder_older_than_the_store_is_noticed_and_a_newer_one_is_good()
    {
        await using (var index = Open())
            for (var frame = 0; frame < 5; frame++) await AddAsync(index, One, frame, logTimeMs: 0);
        Assert.NotNull(Gap(new RatedProgress(One, 1, 6, 0, 0, 6, 0)));
        Assert.NotNull(Gap(new RatedProgress(One, 1, 5, 0, 0, 5, 0), new RatedProgress(Two, 1, 1, 0, 0, 1, 0)));
        Assert.Null(Gap(new RatedProgress(One, 1, 3, 0, 0, 3, 0), new RatedProgress(Two, 1, 1, 0, 0)));
        // What the index does not have had left the window.
        Assert.Null(Gap(new RatedProgress(One, 1, 9, 0, 2000, 6, 1000)));
    }

    [Fact]
    public void A_folder_that_is_gone_matters_only_where_keys_were_rated()
    {
        Assert.Null(Gap(new RatedProgress(One, 1, 6, 0, 0)));
        Assert.Contains("is gone", Gap(new RatedProgress(One, 1, 6, 0, 0, 6, 0)));
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public async Task A_cut_run_is_said_to_be_corrupt()
    {
        await using (var index = Open()) await AddAsync(index, One, 0, logTimeMs: 0);
        using (var file = File.OpenWrite(Directory.GetFiles(Folder).Single())) file.SetLength(70);
        Assert.Contains("is corrupt", Gap(new RatedProgress(One, 1, 1, 0, 0, 1, 0)));
    }

    [Fact]
    public async Task Law_2_a_store_older_than_what_the_index_has_forgotten_is_noticed()
    {
        await using (var index = Open())
        {
            for (var frame = 0; frame < 4; frame++) await AddAsync(index, One, frame, logTimeMs: frame * 100);
            await index.ExpireAsync(One, 150);
            Assert.Null(Gap(new RatedProgress(One, 1, 4, 0, 150 + Window, 4, 300)));
            Assert.NotNull(Gap(new RatedProgress(One, 1, 4, 0, 100 + Window, 4, 300)));
            await AddAsync(index, One, 4, logTimeMs: 400);
            Assert.True(await index.MergeOnceAsync(default));
            await index.ExpireAsync(One, 250);
            for (var frame = 5; frame < 7; frame++) await AddAsync(index, One, frame, logTimeMs: frame * 100);
            Assert.True(await index.MergeOnceAsync(default));
        }

        Assert.Single(Directory.GetFiles(Folder));
        Assert.Null(Gap(new RatedProgress(One, 1, 7, 0, 250 + Window, 7, 600)));
        Assert.Contains("forgotten", Gap(new RatedProgress(One, 1, 7, 0, 249 + Window, 7, 600)));
    }

    [Fact]
    public Task No_order_of_adds_merges_expiries_and_crashes_is_a_false_alarm() => Steps.SampleAsync(
        async steps =>
        {
            if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
            var index = Open();
            var rated = new[] { new RatedProgress(One, 1, 0, 0, 0), new RatedProgress(Two, 1, 0, 0, 0) };
            foreach (var step in steps)
            {
                var at = step % 2;
                var frame = rated[at].Next;
                var logTimeMs = rated[at].LogTimeMs + (step == 3 ? 70 : 9);
                // Some frames bring no key, some flushes end before the totals are written.
                if (step < 6) await AddAsync(index, rated[at].Partition, frame, logTimeMs);
                if (step < 4) rated[at] = rated[at] with { KeysNext = frame + 1, KeysLogTimeMs = logTimeMs };
                if (step is < 4 or 6) rated[at] = rated[at] with { Next = frame + 1, LogTimeMs = logTimeMs };
                if (step == 7) await index.ExpireAsync(rated[0].Partition, rated[0].LogTimeMs - Window);
                if (step == 7) await index.ExpireAsync(rated[1].Partition, rated[1].LogTimeMs - Window);
                if (step == 8) await index.MergeOnceAsync(default);
                if (step == 9)
                {
                    await index.DisposeAsync();
                    index = Open();
                }

                Assert.Null(Gap(rated));
            }

            await index.DisposeAsync();
        }, iter: 60, threads: 1);

    RunKeyIndex Open() => RunKeyIndex.Open(Folder, new() { MergeInBackground = false, MergeFactor = 3 });

    string? Gap(params RatedProgress[] rated) =>
        RunChain.FindGap(Folder, rated, TimeSpan.FromMilliseconds(Window), NullLogger.Instance);

    static ValueTask AddAsync(RunKeyIndex index, PartitionId partition, long frame, long logTimeMs) => index.AddAsync(
        [new(partition, new[] { new KeyEntry((UInt128)(frame * 7919), 1, 1, frame, 0, logTimeMs) })]);
}

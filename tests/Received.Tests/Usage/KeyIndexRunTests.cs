using Received.Usage;
using Received.Usage.Runs;
using Xunit;

namespace Received.Tests.Usage;

/// <summary>The contract on run files, and what is theirs alone: crashes between steps, corruption, merging.</summary>
public sealed class KeyIndexRunTests : KeyIndexContract, IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("received-keys-").FullName;

    string Folder => Path.Combine(_root, "keys");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    protected override ValueTask<IKeyIndex> OpenAsync() => new(Open());

    protected override async ValueTask SettleAsync(IKeyIndex index)
    {
        while (await ((RunKeyIndex)index).MergeOnceAsync(default)) { }
    }

    [Fact]
    public async Task Merging_keeps_every_entry_and_bounds_the_runs()
    {
        await using var index = Open();
        var all = new List<KeyEntry>();
        for (var add = 0; add < 100; add++)
        {
            var entries = Many(add * 1000, 1 + (add * 37 % 300));
            all.AddRange(entries);
            await AddAsync(index, One, entries);
            await SettleAsync(index);
            Assert.InRange(index.RunCount, 1, 10);
        }

        Assert.Equal(all, await FindAsync(index, One, 0, [.. all.Select(entry => entry.Identity)]));
        Assert.Equal(
            all.OrderBy(entry => entry.Identity), (await StreamAsync(index, One, 0)).OrderBy(entry => entry.Identity));
    }

    [Fact]
    public async Task Runs_of_many_sizes_stay_bounded_without_the_background()
    {
        await using var index = RunKeyIndex.Open(Folder, new() { MergeInBackground = false, RunsMax = 10 });
        for (var add = 0; add < 60; add++) await AddAsync(index, One, Many(add * 100_000, add % 2 == 0 ? 1 : 20_000));
        Assert.InRange(index.RunCount, 1, 11);
        Assert.Equal(30 * 20_001, (await StreamAsync(index, One, 0)).Count);
    }

    [Fact]
    public async Task Look_ups_streams_and_expiry_go_on_while_runs_are_merged()
    {
        await using var index = RunKeyIndex.Open(Folder, new() { MergeFactor = 2, RunsMax = 4 });
        await AddAsync(index, Two, Many(1, 500));
        var adding = Task.Run(async () =>
        {
            for (var add = 0; add < 40; add++)
            {
                await AddAsync(index, One, Many(add * 10_000, 200, logTimeMs: add));
                await index.ExpireAsync(One, add - 2);
            }
        });
        do
        {
            Assert.DoesNotContain(default(KeyEntry), await FindAsync(index, Two, 0, Identities(1, 500)));
            Assert.Equal(500, (await StreamAsync(index, Two, 0)).Count);
        }
        while (!adding.IsCompleted);
        await adding;
        Assert.DoesNotContain(default(KeyEntry), await FindAsync(index, One, 37, Identities(390_000, 200)));
    }

    [Fact]
    public async Task A_run_of_nothing_but_expired_entries_is_deleted()
    {
        await using var index = Open();
        await AddAsync(index, One, Entry(7, 100));
        await AddAsync(index, One, Entry(8, 200));
        await index.ExpireAsync(One, 150);
        Assert.Single(Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task A_merge_of_nothing_but_expired_entries_leaves_no_run()
    {
        await using var index = Open();
        for (var i = 0; i < 8; i++)
            await index.AddAsync([Batch(One, Entry(7, i)), Batch(Two, Entry(7, i))]);
        await index.ExpireAsync(One, 1000);
        Assert.Equal(8, index.RunCount);
        await index.ExpireAsync(Two, 1000);
        Assert.Equal(0, index.RunCount);
        await AddAsync(index, One, Entry(9, 2000));
        Assert.Equal([Entry(9, 2000)], await FindAsync(index, One, 0, 9));
    }

    [Fact]
    public async Task Law_2_a_kill_at_any_step_of_a_merge_loses_and_doubles_nothing()
    {
        string[] inputs, merged;
        await using (var index = Open())
        {
            for (var i = 0; i < 8; i++) await AddAsync(index, One, Many(i * 1000, 100));
            inputs = Directory.GetFiles(Folder);
            Copy(inputs, "inputs");
            Assert.True(await index.MergeOnceAsync(default));
            merged = Directory.GetFiles(Folder);
            Copy(merged, "merged");
        }

        Assert.Single(merged);
        var output = Path.GetFileName(merged[0]);
        // The output is half written; whole without its name; named beside all, some or none of its inputs.
        for (var inputsLeft = 8; inputsLeft >= -2; inputsLeft--)
        {
            Directory.Delete(Folder, recursive: true);
            Directory.CreateDirectory(Folder);
            foreach (var input in inputs.TakeLast(inputsLeft < 0 ? 8 : inputsLeft))
                File.Copy(Path.Combine(_root, "inputs", Path.GetFileName(input)), input);
            var bytes = File.ReadAllBytes(Path.Combine(_root, "merged", output));
            if (inputsLeft < 0)
                File.WriteAllBytes(Path.Combine(Folder, output + ".tmp"), bytes[..(bytes.Length / -inputsLeft)]);
            else
                File.WriteAllBytes(Path.Combine(Folder, output), bytes);
            await using var index = Open();
            Assert.Equal(800, (await StreamAsync(index, One, 0)).Count);
            for (var i = 0; i < 8; i++)
                Assert.Equal(Many(i * 1000, 100), await FindAsync(index, One, 0, Identities(i * 1000, 100)));
            Assert.Equal(inputsLeft < 0 ? 8 : 1, Directory.GetFiles(Folder).Length);
            await AddAsync(index, One, Entry(5, 5));
            Assert.Equal([Entry(5, 5)], await FindAsync(index, One, 0, 5));
        }
    }

    [Fact]
    public async Task A_file_without_its_final_name_is_no_run()
    {
        await using (var index = Open()) await AddAsync(index, One, Entry(7, 1));
        var torn = Path.Combine(Folder, new RunRange(2, 2).FileName + ".tmp");
        File.WriteAllText(torn, "half");
        await using var opened = Open();
        Assert.False(File.Exists(torn));
        Assert.Equal([Entry(7, 1)], await FindAsync(opened, One, 0, 7));
    }

    [Fact]
    public async Task Every_flipped_byte_is_noticed_and_says_what_to_do()
    {
        await using (var index = Open())
            await index.AddAsync([Batch(One, Many(1000, 100)), Batch(Two, Many(5000, 3))]);
        var path = Directory.GetFiles(Folder).Single();
        var sound = File.ReadAllBytes(path);
        for (var at = 0; at < sound.Length; at += at < 64 ? 1 : 23)
        {
            var broken = sound.ToArray();
            broken[at] ^= 0x10;
            File.WriteAllBytes(path, broken);
            var exception = await Assert.ThrowsAsync<KeyIndexCorruptException>(ReadAllAsync);
            Assert.Contains("delete the whole folder", exception.Message);
            Assert.Equal(path, exception.FilePath);
        }
    }

    [Fact]
    public async Task A_cut_or_grown_run_is_noticed()
    {
        await using (var index = Open()) await AddAsync(index, One, Many(1000, 200));
        var path = Directory.GetFiles(Folder).Single();
        var sound = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 1, 63, 64, 65, 4000, sound.Length - 1 })
        {
            File.WriteAllBytes(path, sound[..length]);
            await Assert.ThrowsAsync<KeyIndexCorruptException>(ReadAllAsync);
        }

        File.WriteAllBytes(path, [.. sound, 0]);
        await Assert.ThrowsAsync<KeyIndexCorruptException>(ReadAllAsync);
    }

    [Fact]
    public async Task A_run_under_anothers_name_is_noticed()
    {
        await using (var index = Open()) await AddAsync(index, One, Many(1000, 200));
        var path = Directory.GetFiles(Folder).Single();
        foreach (var name in new[] { new RunRange(1, 2).FileName, new RunRange(2, 2).FileName, "mine.keys" })
        {
            File.Move(path, path = Path.Combine(Folder, name));
            await Assert.ThrowsAsync<KeyIndexCorruptException>(ReadAllAsync);
        }
    }

    [Fact]
    public async Task Blocks_that_have_changed_places_are_noticed()
    {
        await using (var index = Open()) await AddAsync(index, One, Many(1000, 200));
        var path = Directory.GetFiles(Folder).Single();
        var bytes = File.ReadAllBytes(path);
        var first = bytes.AsSpan(RunFormat.HeaderBytes, RunFormat.BlockBytes);
        var second = bytes.AsSpan(RunFormat.HeaderBytes + RunFormat.BlockBytes, RunFormat.BlockBytes);
        var kept = first.ToArray();
        second.CopyTo(first);
        kept.CopyTo(second);
        File.WriteAllBytes(path, bytes);
        await Assert.ThrowsAsync<KeyIndexCorruptException>(ReadAllAsync);
    }

    [Fact]
    public async Task A_merge_that_meets_a_corrupt_run_stops_the_index_and_keeps_its_inputs()
    {
        await using var index = Open();
        for (var i = 0; i < 8; i++) await AddAsync(index, One, Many(i * 1000, 100));
        var path = Directory.GetFiles(Folder).Order().Skip(3).First();
        var share = FileShare.ReadWrite | FileShare.Delete;
        await using (var file = File.Open(path, FileMode.Open, FileAccess.Write, share))
        {
            file.Seek(RunFormat.HeaderBytes + 100, SeekOrigin.Begin);
            file.WriteByte(0xA5);
        }

        Assert.False(await index.MergeOnceAsync(default));
        Assert.Equal(8, Directory.GetFiles(Folder).Length);
        await Assert.ThrowsAsync<KeyIndexCorruptException>(() => AddAsync(index, One, Entry(7, 1)).AsTask());
        await Assert.ThrowsAsync<KeyIndexCorruptException>(() => FindAsync(index, One, 0, 1000));
    }

    [Fact]
    public async Task The_runs_bytes_are_those_of_the_format()
    {
        await using (var index = Open()) await AddAsync(index, One, new KeyEntry(0x0102, 3, 4, 5, 6, 7));
        var bytes = File.ReadAllBytes(Path.Combine(Folder, "0000000000000001-0000000000000001.keys"));
        Assert.Equal(64 + 8 + 48 + 80 + 16, bytes.Length);
        Assert.Equal("RCVK"u8.ToArray(), bytes[..4]);
        Assert.Equal(
            "02010000000000000000000000000000" + "0300000000000000" + "0500000000000000" + "0700000000000000"
            + "06000000" + "0400" + "0000", Convert.ToHexString(bytes, 72, 48));
        Assert.Equal(
            "0100000004000000" + "0100000000000000" + "4000000000000000" + "0700000000000000" + "0700000000000000"
            + "0000000000000080" + "0000000000000000" + "0000000000000000" + "0600000000000000" + "0100000000000000",
            Convert.ToHexString(bytes, 120, 80));
    }

    RunKeyIndex Open() => RunKeyIndex.Open(Folder, new() { MergeInBackground = false });

    async Task ReadAllAsync()
    {
        await using var index = Open();
        await StreamAsync(index, One, 0);
        await StreamAsync(index, Two, 0);
        await FindAsync(index, One, 0, Identities(1000, 200));
    }

    void Copy(string[] files, string to)
    {
        Directory.CreateDirectory(Path.Combine(_root, to));
        foreach (var file in files) File.Copy(file, Path.Combine(_root, to, Path.GetFileName(file)));
    }

    // Spread over the whole range of identities, as hashes are.
    static UInt128[] Identities(int from, int count) => [.. Enumerable.Range(from, count)
        .Select(i => unchecked((UInt128)(uint)i * new UInt128(0x9E3779B97F4A7C15, 0xF39CC0605CEDC835)))];

    static KeyEntry[] Many(int from, int count, long logTimeMs = 1) =>
        [.. Identities(from, count).Select((identity, i) => new KeyEntry(identity, (ulong)i, 1, from, i, logTimeMs))];
}

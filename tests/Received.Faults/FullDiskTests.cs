using System.Diagnostics;
using Xunit;

namespace Received.Faults;

/// <summary>
/// A disk that is full, as a small tmpfs: the door answers 503 and loses nothing, and work goes on by itself when
/// there is room. Needs the
/// right to mount.
/// </summary>
public sealed class FullDiskTests
{
    const int TmpfsMegabytes = 160;

    // Small, so that a new one is needed soon.
    static readonly Dictionary<string, string> Settings = new() { ["Received__Log__SegmentBytes"] = "8388608" };

    [Fact]
    public async Task A_full_disk_answers_503_loses_nothing_and_goes_on_by_itself_when_there_is_room()
    {
        var folder = Directory.CreateTempSubdirectory("received-full-").FullName;
        var mounted = Run("mount", "-t", "tmpfs", "-o", $"size={TmpfsMegabytes}m", "tmpfs", folder);
        Assert.SkipUnless(mounted, "mounting a tmpfs is not allowed here");
        try
        {
            await FillAndFreeAsync(folder);
        }
        finally
        {
            Run("umount", "-l", folder);
            Directory.Delete(folder);
        }
    }

    static async Task FillAndFreeAsync(string folder)
    {
        await using var world = await World.MakeAsync(folder, Settings);
        await world.Server.StartAsync(default);
        var ledger = new Ledger();
        Assert.Equal(200, await SendOneAsync(world, ledger));

        // Someone else fills the disk; then a segment's worth of events, so that the log needs room that is not there.
        var ballast = Path.Combine(folder, "ballast");
        Fill(ballast);
        var refused = await SendUntilRefusedAsync(world, ledger);
        Assert.Equal(503, refused);

        File.Delete(ballast);
        var limit = DateTime.UtcNow.AddSeconds(60);
        int? status;
        do
        {
            await Task.Delay(200);
            status = await SendOneAsync(world, ledger);
        }
        while (status != 200 && DateTime.UtcNow < limit);
        Assert.Equal(200, status);
        await ledger.CheckAsync(world.Reader);
    }

    static async Task<int?> SendUntilRefusedAsync(World world, Ledger ledger)
    {
        // Large random data: segments of 8 MiB fill after some tens of requests, however well the rest compresses.
        for (var i = 0; i < 400; i++)
        {
            var status = await SendLargeAsync(world, ledger);
            if (status != 200) return status;
        }

        return 200;
    }

    static async Task<int?> SendLargeAsync(World world, Ledger ledger)
    {
        var batch = Enumerable.Range(0, 50).Select(_ => ledger.Next(keyed: true)).ToList();
        var random = new Random(batch.Count);
        var padding = new byte[6000];
        var lines = batch.Select(sent =>
        {
            random.NextBytes(padding);
            var text = Convert.ToBase64String(padding);
            return ledger.Json(sent).Replace("\"serial\"", $"\"padding\": \"{text}\", \"serial\"");
        });
        var status = await world.SendAsync("/api/usage/events", string.Join('\n', lines), "application/x-ndjson");
        if (status == 200) batch.ForEach(sent => sent.Acknowledged = true);
        return status;
    }

    static async Task<int?> SendOneAsync(World world, Ledger ledger)
    {
        var sent = ledger.Next(keyed: true);
        var status = await world.SendAsync("/api/usage/event", ledger.Json(sent));
        if (status == 200) sent.Acknowledged = true;
        return status;
    }

    static void Fill(string path)
    {
        using var file = File.Create(path);
        var block = new byte[64 * 1024];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    static bool Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

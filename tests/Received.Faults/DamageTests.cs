using Xunit;

namespace Received.Faults;

/// <summary>Segments with torn ends and flipped bits, under a real server: what is broken is parked, the rest
/// counts.</summary>
public sealed class DamageTests
{
    const int Events = 400;

    [Fact]
    public async Task Law_11_a_flipped_bit_parks_its_frame_and_nothing_else()
    {
        await using var world = await World.MakeAsync();
        await SendAllAsync(world);
        await world.Server.KillAsync(default);
        // The totals are made anew from the damaged log: forget what was rated before.
        world.ForgetRated();
        var segment = world.Segments()[0];
        Flip(segment, FirstPayloadByte(segment));
        await world.Server.StartAsync(default);
        var audit = await world.SettleAsync();
        Assert.True(audit.Balanced, audit.ToString());
        Assert.Equal(Events, audit.Accepted);
        Assert.True(audit.Parked > 0, audit.ToString());
        Assert.Equal(Events, audit.Counted + audit.Parked);
    }

    [Fact]
    public async Task Law_11_garbage_after_the_last_group_is_cut_kept_aside_and_costs_no_event()
    {
        await using var world = await World.MakeAsync();
        await SendAllAsync(world);
        await world.Server.KillAsync(default);
        var segment = world.Segments()[0];
        // A write that was torn by the kill: bytes behind the last whole group, which nobody was promised.
        WriteAt(segment, LastNonZero(segment) + 1, [.. Enumerable.Range(1, 300).Select(i => (byte)(1 + (i % 250)))]);
        await world.Server.StartAsync(default);
        var audit = await world.SettleAsync();
        Assert.True(audit.Balanced, audit.ToString());
        Assert.Equal(Events, audit.Counted);
        Assert.Equal(200, await world.SendAsync("/api/usage/event", new Ledger().Json(new(1, true, "c", "p", 1))));
    }

    static async Task SendAllAsync(World world)
    {
        await world.Server.StartAsync(default);
        var ledger = new Ledger();
        for (var i = 0; i < Events / 20; i++)
        {
            var lines = ledger.Lines(Enumerable.Range(0, 20).Select(_ => ledger.Next(keyed: true)));
            Assert.Equal(200, await world.SendAsync("/api/usage/events", lines, "application/x-ndjson"));
        }
    }

    /// <summary>The frame magic "RCVF" is followed by 60 more bytes of header; then the payload begins.</summary>
    static long FirstPayloadByte(string segment)
    {
        var bytes = File.ReadAllBytes(segment);
        var magic = bytes.AsSpan().IndexOf("RCVF"u8);
        Assert.True(magic > 0);
        return magic + 64 + 10;
    }

    static long LastNonZero(string segment)
    {
        var last = File.ReadAllBytes(segment).AsSpan().LastIndexOfAnyExcept((byte)0);
        Assert.True(last > 0);
        return last;
    }

    static void Flip(string path, long at)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        var value = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(value ^ 0x10));
    }

    static void WriteAt(string path, long at, byte[] bytes)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        file.Write(bytes);
    }
}

using Received.Log.Segments;
using Xunit;

namespace Received.Tests.Log;

/// <summary>Random lives of a log against what it promised.</summary>
public sealed class SegmentLogModelTests
{
    const int Lives = 120;
    const int Operations = 30;

    [Fact]
    public async Task Law_1_whatever_happens_to_a_log_it_keeps_what_it_acknowledged()
    {
        for (var seed = 0; seed < Lives; seed++)
        {
            try
            {
                await LiveAsync(seed);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}", error);
            }
        }
    }

    static async Task LiveAsync(int seed)
    {
        var random = new Random(seed);
        var rig = new LogRig(new(), seed);
        var failing = false;
        rig.Files.Fault = (operation, _) => failing && operation is not "delete" && random.Next(3) == 0
            ? new IOException("Input/output error", 5) : null;
        var log = await rig.OpenAsync();
        for (var i = 0; i < Operations; i++)
        {
            switch (random.Next(12))
            {
                case < 6:
                    await rig.AppendAsync(log, 1 + random.Next(6));
                    break;
                case 6:
                    await rig.CheckAsync(log);
                    break;
                case 7:
                    failing = !failing;
                    break;
                case 8:
                    await TrimAsync(rig, log, random);
                    break;
                default:
                    failing = false;
                    log = await EndAndOpenAsync(rig, log, random);
                    break;
            }
        }

        failing = false;
        log = await EndAndOpenAsync(rig, log, random);
        await rig.CheckAsync(log);
        await log.DisposeAsync();
    }

    static async Task<SegmentLog> EndAndOpenAsync(LogRig rig, SegmentLog log, Random random)
    {
        var end = random.Next(4);
        if (end == 1) rig.Files.Kill();
        if (end == 2) rig.Files.LosePower();
        if (end == 3) rig.Files.LosePower(random);
        await log.DisposeAsync();
        return await rig.OpenAsync();
    }

    static async Task TrimAsync(LogRig rig, SegmentLog log, Random random)
    {
        var before = new long[rig.Partitions];
        for (var p = 0; p < before.Length; p++)
        {
            var (start, head) = log.Extent(new((ushort)p));
            before[p] = random.NextInt64(start, head + 1);
        }

        await log.TrimAsync(before);
        foreach (var (partition, offset) in rig.Acknowledged.Keys.ToList())
        {
            var start = log.Extent(new((ushort)partition)).Start;
            Assert.True(start <= before[partition] || start <= offset || before[partition] > offset);
            if (offset < start) rig.Acknowledged.Remove((partition, offset));
        }
    }
}

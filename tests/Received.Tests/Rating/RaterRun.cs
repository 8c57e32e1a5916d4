using Received.Model;
using Received.Rating;
using Received.Tests.Rating.Fakes;

namespace Received.Tests.Rating;

/// <summary>Drives a partition's rater by hand, straight or through every accident that a loop can have.</summary>
sealed class RaterRun
{
    // No frame of a history has more.
    const int EventsMax = 16;

    readonly ScriptedLog _log;
    readonly Func<PartitionRater> _make;
    readonly FrameReader _reader = new();
    readonly EventColumns _events = new();
    bool _isOpen;

    public RaterRun(
        ScriptedLog log, long countMax, int totalsMax = 1000, int namesMax = 1000, MemoryStore? store = null,
        MemoryKeys? keys = null)
    {
        _log = log;
        Store = store ?? new();
        Keys = keys ?? new();
        _make = () => new(
            History.Partition, log.Identity, new(Keys, History.Partition, log.Identity), Store, totalsMax, namesMax,
            countMax);
        Rater = _make();
    }

    public MemoryStore Store { get; }

    public MemoryKeys Keys { get; }

    public PartitionRater Rater { get; private set; }

    public bool IsAtEnd => Rater.Next == _log.Extent(History.Partition).Head;

    public List<string> Export() => Store.ExportRatedAsync().ToListAsync().AsTask().Result;

    public async Task ToEnd()
    {
        while (!IsAtEnd) await Rate();
        await Flush();
        // A total near its bound makes the rater begin that flush again.
        if (!IsAtEnd) await ToEnd();
    }

    public async Task Rate()
    {
        if (!_isOpen) await Rater.OpenAsync();
        _isOpen = true;
        using var batch = await _log.ReadAsync(History.Partition, Rater.Next, 1);
        await Rater.RateAsync(_reader.Read(History.Partition, batch.Records[0], _events));
    }

    /// <param name="steps">How far the flush comes: 1 keys, 2 store, 3 all of it.</param>
    /// <param name="random">Where it is given, frames are rated between these steps.</param>
    public async Task Flush(int steps = 3, Random? random = null)
    {
        var outcome = await Rater.CloseAsync();
        if (outcome != RatedOutcome.Ready)
        {
            await Rater.OpenAsync(exact: outcome == RatedOutcome.NearBound);
            return;
        }

        await RateMeanwhile(random);
        if (steps > 0) await Keys.AddAsync([new(History.Partition, Rater.BatchKeys)]);
        await RateMeanwhile(random);
        if (steps > 1) await Store.WriteAsync([Rater.Batch]);
        await RateMeanwhile(random);
        if (steps > 2) Rater.Written();
        // Half a flush and then the power goes.
        else Restart();
    }

    /// <summary>Keys alone go to the index; now and then the power goes right after.</summary>
    async Task FlushKeys(Random random)
    {
        Rater.SealKeys();
        await RateMeanwhile(random);
        await Keys.AddAsync([new(History.Partition, Rater.BatchKeys)]);
        await RateMeanwhile(random);
        if (random.Next(3) > 0) Rater.KeysWritten();
        else Restart();
    }

    async Task RateMeanwhile(Random? random)
    {
        // What may need the stored totals waits for them, as in the loop.
        for (var left = random?.Next(4) ?? 0; left > 0 && !IsAtEnd && !Rater.NeedsStored(EventsMax); left--)
            await Rate();
    }

    public void Restart()
    {
        Rater = _make();
        _isOpen = false;
    }

    public async Task CrookedlyToEnd(Random random)
    {
        var late = new List<PartitionRater>();
        while (true)
        {
            var roll = random.Next(30);
            if (!IsAtEnd || !_isOpen) await RateIfAny();
            if (roll < 10) await Flush(random.Next(4), random);
            else if (roll == 10) Restart();
            else if (roll == 11) await Rater.OpenAsync();
            else if (roll == 12)
            {
                // Believed dead, it comes back later and writes.
                late.Add(Rater);
                Restart();
            }
            else if (roll == 13)
            {
                foreach (var rater in late) await WriteLate(rater);
                late.Clear();
            }

            else if (roll < 17 && _isOpen) await FlushKeys(random);
            if (_isOpen && IsAtEnd && Rater.Stored.Next == Rater.Next) break;
            if (_isOpen && IsAtEnd) await Flush();
            if (_isOpen && IsAtEnd && Rater.Stored.Next == Rater.Next) break;
        }

        foreach (var rater in late) await WriteLate(rater);
    }

    async Task RateIfAny()
    {
        if (!_isOpen) await Rater.OpenAsync();
        _isOpen = true;
        if (!IsAtEnd) await Rate();
    }

    async Task WriteLate(PartitionRater rater)
    {
        if (await rater.CloseAsync() != RatedOutcome.Ready) return;
        await Keys.AddAsync([new(History.Partition, rater.BatchKeys)]);
        await Store.WriteAsync([rater.Batch]);
    }
}

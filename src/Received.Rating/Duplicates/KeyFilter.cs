using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Received.Rating;

/// <summary>
/// Says "new" for nearly every identity that was never added, and never for one that was. A blocked Bloom filter (all
/// bits of a key in one cache line, 10 of 512) in generations: each remembers its newest log time and goes as a whole
/// when that has left the window. A full generation has 23 bits a key. Up to a million keys they double; past it each
/// adds a third, so that the newest, still empty, keeps all together at or below 4 bytes a key.
/// </summary>
sealed class KeyFilter
{
    const int KeysMin = 1 << 16;
    const int KeysMax = 1 << 24;
    const int DoubleUpTo = 1_000_000;
    const int BitsPerKey = 23;
    const int BlockBits = 512;
    const int BlockWords = BlockBits / 64;

    readonly List<Generation> _generations = [];

    /// <summary>Keys added since the generations in use were opened.</summary>
    public long Keys { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Adds the identity, unless it may be there already.</summary>
    /// <returns>True when it may be there (<see cref="Renew"/> it when it turns out that it counts all the same);
    /// false when it certainly was not, and is now.</returns>
    public bool AddOrSuspect(UInt128 identity, long logTimeMs)
    {
        var mask = Mask(identity);
        var low = Low(identity);
        foreach (var generation in CollectionsMarshal.AsSpan(_generations))
            if (generation.Holds(mask, low)) return true;

        PutInNewest(mask, low, logTimeMs);
        return false;
    }

    /// <summary>
    /// Brings the blocks of identities that will be asked for into the processor's cache, side by side: asked for one
    /// by one each would be waited for.
    /// </summary>
    public void Fetch(ReadOnlySpan<UInt128> identities)
    {
        foreach (var generation in CollectionsMarshal.AsSpan(_generations))
            foreach (var identity in identities) generation.Fetch(Low(identity));
    }

    /// <summary>
    /// Makes sure that the identity stays until this log time has left the window. A generation's newest log time is
    /// not raised for it: chance hits would raise it again and again, and no generation would ever go.
    /// </summary>
    public void Renew(UInt128 identity, long logTimeMs)
    {
        var mask = Mask(identity);
        var low = Low(identity);
        foreach (var generation in CollectionsMarshal.AsSpan(_generations))
            if (generation.NewestMs >= logTimeMs && generation.Holds(mask, low)) return;

        PutInNewest(mask, low, logTimeMs);
    }

    /// <summary>Drops generations with nothing at or after <paramref name="notBeforeMs"/>.</summary>
    public void Expire(long notBeforeMs)
    {
        foreach (var generation in _generations)
        {
            if (generation.NewestMs >= notBeforeMs) continue;
            Keys -= generation.Keys;
            Bytes -= generation.Bytes;
        }

        _generations.RemoveAll(generation => generation.NewestMs < notBeforeMs);
    }

    public void Clear()
    {
        _generations.Clear();
        Keys = 0;
        Bytes = 0;
    }

    void PutInNewest(Vector512<ulong> mask, ulong low, long logTimeMs)
    {
        if (_generations.Count == 0 || _generations[^1].IsFull) Open();
        _generations[^1].Put(mask, low, logTimeMs);
        Keys++;
    }

    void Open()
    {
        var wanted = Keys < DoubleUpTo ? Keys : Keys / 3;
        var generation = new Generation((int)Math.Clamp(wanted, KeysMin, KeysMax));
        Bytes += generation.Bytes;
        _generations.Add(generation);
    }

    // 9 bits of the hash name a bit of the block: 6 from the low end of the high half, 4 from the low end of the low
    // half, whose other end chooses the block. The high half's upper end is left alone: an index streams identities in
    // their order, so a generation that is filled by loading has much the same bits there.
    static Vector512<ulong> Mask(UInt128 identity)
    {
        Span<ulong> words = stackalloc ulong[BlockWords];
        words.Clear();
        var high = (ulong)(identity >> 64);
        for (var i = 0; i < 6; i++, high >>= 9) words[(int)((high >> 6) & 7)] |= 1UL << (int)(high & 63);
        var low = Low(identity);
        for (var i = 0; i < 4; i++, low >>= 9) words[(int)((low >> 6) & 7)] |= 1UL << (int)(low & 63);
        return Vector512.Create((ReadOnlySpan<ulong>)words);
    }

    static ulong Low(UInt128 identity) => unchecked((ulong)identity);

    sealed class Generation
    {
        readonly ulong[] _words;
        readonly int _start;
        readonly int _blocks;
        readonly int _keysMax;

        public Generation(int keysMax)
        {
            _keysMax = keysMax;
            _blocks = (int)((((long)keysMax * BitsPerKey) + BlockBits - 1) / BlockBits);
            // Pinned, so that a block once aligned stays within one cache line.
            _words = GC.AllocateArray<ulong>((_blocks * BlockWords) + BlockWords - 1, pinned: true);
            var address = Marshal.UnsafeAddrOfPinnedArrayElement(_words, 0);
            _start = (int)((64 - (address % 64)) % 64 / sizeof(ulong));
        }

        public int Keys { get; private set; }

        public long Bytes => _words.LongLength * sizeof(ulong);

        public long NewestMs { get; private set; } = long.MinValue;

        public bool IsFull => Keys == _keysMax;

        public bool Holds(Vector512<ulong> mask, ulong low) => Vector512.AndNot(mask, Load(low)) == default;

        public void Put(Vector512<ulong> mask, ulong low, long logTimeMs)
        {
            (Load(low) | mask).CopyTo(_words, At(low));
            Keys++;
            NewestMs = Math.Max(NewestMs, logTimeMs);
        }

        public void Fetch(ulong low) => CacheLine.Fetch(ref _words[At(low)]);

        Vector512<ulong> Load(ulong low) => Vector512.Create(_words, At(low));

        int At(ulong low) => _start + ((int)Math.BigMul(low, (ulong)_blocks, out _) * BlockWords);
    }
}

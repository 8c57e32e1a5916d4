using Received.Model;

namespace Received.Rating;

/// <summary>
/// What was decided about a frame's events, as columns. Reused from frame to frame; <see cref="AllCounted"/> saves
/// readers from looking at each event of nearly all frames.
/// </summary>
public sealed class Decisions
{
    Fate[] _fates = [];
    ushort[] _generations = [];
    long[] _offsets = [];
    int[] _indices = [];

    public int Count { get; private set; }

    public bool AllCounted => NotCounted == 0;

    /// <summary>How many events are <see cref="Fate.Duplicate"/> or <see cref="Fate.Conflict"/>.</summary>
    public int NotCounted { get; private set; }

    /// <summary>Counted, Duplicate or Conflict for each event.</summary>
    public ReadOnlySpan<Fate> Fates => _fates.AsSpan(0, Count);

    // The position of the original, where the fate is not Counted; else meaningless.
    public ReadOnlySpan<ushort> OriginalGenerations => _generations.AsSpan(0, Count);
    public ReadOnlySpan<long> OriginalOffsets => _offsets.AsSpan(0, Count);
    public ReadOnlySpan<int> OriginalIndices => _indices.AsSpan(0, Count);

    /// <summary>Makes all <paramref name="count"/> events counted.</summary>
    public void Reset(int count)
    {
        Count = count;
        NotCounted = 0;
        if (count > _fates.Length)
        {
            var size = Math.Max(1024, count);
            _fates = new Fate[size];
            _generations = new ushort[size];
            _offsets = new long[size];
            _indices = new int[size];
        }
        else
        {
            Array.Clear(_fates, 0, count);
        }
    }

    /// <summary>An event that is not counted, and where its original stands.</summary>
    public void Refuse(int index, Fate fate, ushort generation, long offset, int originalIndex)
    {
        if (_fates[index] == Fate.Counted) NotCounted++;
        _fates[index] = fate;
        _generations[index] = generation;
        _offsets[index] = offset;
        _indices[index] = originalIndex;
    }
}

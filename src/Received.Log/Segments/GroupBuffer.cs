using Received.Model;

namespace Received.Log.Segments;

/// <summary>A frame that waits for its group.</summary>
sealed class PendingAppend(PartitionId partition, ReadOnlyMemory<byte> frame)
    : TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public PartitionId Partition { get; } = partition;

    public ReadOnlyMemory<byte> Frame { get; } = frame;

    public int StoredBytes { get; } = RecordHeader.Stored(frame.Length);

    /// <summary>Given when its group is laid out; it holds once the group is durable.</summary>
    public long Offset { get; set; }

    public uint Position { get; set; }
}

/// <summary>
/// Lays a group out for one gathering write: frames stay where they are, only headers are built. Reused.
/// </summary>
sealed class GroupBuffer(int partitionCount)
{
    // A page of nearly all machines.
    static readonly byte[] Zeros = new byte[4096];

    readonly List<ReadOnlyMemory<byte>> _pieces = [];
    byte[] _headers = [];

    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces => _pieces;

    /// <summary>Gives offsets and positions to the appends and raises <paramref name="heads"/> with them.</summary>
    /// <param name="limit">Length of the segment.</param>
    /// <returns>The group's bytes; the pieces go on with zeros to the end of the page, which hold nothing.</returns>
    public int Lay(
        ReadOnlySpan<PendingAppend> appends, long group, long position, long limit, long[] heads, HeaderSeed seed)
    {
        var groupHeader = GroupHeader.Bytes(partitionCount);
        // Headers and the zeros behind each frame lie in one buffer: a frame's zeros and the next header are one piece.
        var size = groupHeader + (appends.Length * (RecordHeader.Bytes + RecordHeader.Alignment));
        if (_headers.Length < size) _headers = new byte[size * 2];
        Array.Clear(_headers, 0, size);
        _pieces.Clear();
        var total = groupHeader;
        foreach (var append in appends) total += append.StoredBytes;
        new GroupHeader(group, total, appends.Length).Write(_headers, heads, seed, position);
        var start = 0;
        var at = groupHeader;
        var place = position + groupHeader;
        for (var i = 0; i < appends.Length; i++)
        {
            var append = appends[i];
            append.Offset = heads[append.Partition.Value]++;
            append.Position = (uint)place;
            new RecordHeader(append.Partition.Value, append.Frame.Length, i, append.Offset, group, (uint)position)
                .Write(_headers.AsSpan(at), seed, place);
            at += RecordHeader.Bytes;
            _pieces.Add(_headers.AsMemory(start..at));
            _pieces.Add(append.Frame);
            start = at;
            at += RecordHeader.Padding(append.Frame.Length);
            place += append.StoredBytes;
        }

        if (at > start) _pieces.Add(_headers.AsMemory(start..at));
        var end = position + total;
        var rest = (int)Math.Min(-end & (Zeros.Length - 1), limit - end);
        if (rest > 0) _pieces.Add(Zeros.AsMemory(0, rest));
        return total;
    }
}

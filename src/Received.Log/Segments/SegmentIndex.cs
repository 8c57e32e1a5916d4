using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Received.Log.Segments;

/// <summary>
/// Where a record stands in its segment; position 0 (the segment's own header) says that it is damaged.
/// </summary>
readonly record struct RecordPlace(uint Position, int FrameBytes);

/// <summary>
/// Offset -> place within one segment: 8 bytes a record. One thread adds, any number look up. As bytes it is the
/// sidecar of a sealed segment.
/// </summary>
sealed class SegmentIndex
{
    const uint Magic = 0x58564352;
    const int CountsAt = 24;
    const int PlaceBytes = 8;

    readonly Lock _gate = new();
    readonly long[] _first;
    readonly List<RecordPlace>[] _places;

    /// <param name="first">The offset of every partition at which the segment begins.</param>
    public SegmentIndex(ReadOnlySpan<long> first)
    {
        _first = first.ToArray();
        _places = new List<RecordPlace>[first.Length];
        for (var i = 0; i < _places.Length; i++) _places[i] = [];
    }

    /// <summary>Offsets that are left out stand for damaged records. An offset below the last one is ignored.</summary>
    public void Add(int partition, long offset, RecordPlace place)
    {
        lock (_gate)
        {
            var places = _places[partition];
            var at = offset - _first[partition];
            if (at < places.Count) return;
            while (places.Count < at) places.Add(default);
            places.Add(place);
        }
    }

    /// <summary>
    /// Fills <paramref name="into"/> with the places from the offset on, up to the head, until their frames have
    /// <paramref name="bytesMax"/> bytes; at least one.
    /// </summary>
    public void Collect(int partition, long offset, long head, int bytesMax, List<RecordPlace> into)
    {
        lock (_gate)
        {
            var places = _places[partition];
            long bytes = 0;
            for (; offset < head; offset++)
            {
                var at = offset - _first[partition];
                var place = at >= 0 && at < places.Count ? places[(int)at] : default;
                bytes += place.FrameBytes;
                if (bytes > bytesMax && into.Count > 0) return;
                into.Add(place);
            }
        }
    }

    public byte[] ToBytes(HeaderSeed seed)
    {
        lock (_gate)
        {
            var placesAt = CountsAt + (_first.Length * 16);
            var bytes = new byte[placesAt + (_places.Sum(places => places.Count) * PlaceBytes) + 8];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), _first.Length);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), seed.Segment);
            var at = placesAt;
            for (var p = 0; p < _first.Length; p++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CountsAt + (p * 16)), _first[p]);
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CountsAt + (p * 16) + 8), _places[p].Count);
                foreach (var place in CollectionsMarshal.AsSpan(_places[p]))
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), place.Position);
                    BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), place.FrameBytes);
                    at += PlaceBytes;
                }
            }

            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), seed.Checksum(bytes.AsSpan(0, at), 0));
            return bytes;
        }
    }

    /// <summary>Null where the bytes are broken or of another segment: it is made anew from the segment then.</summary>
    public static SegmentIndex? FromBytes(ReadOnlySpan<byte> bytes, HeaderSeed seed, ReadOnlySpan<long> first)
    {
        var placesAt = CountsAt + (first.Length * 16);
        if (bytes.Length < placesAt + 8 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) != first.Length
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]) != seed.Checksum(bytes[..^8], 0)) return null;
        var index = new SegmentIndex(first);
        var places = bytes[placesAt..^8];
        for (var p = 0; p < first.Length; p++)
        {
            if (BinaryPrimitives.ReadInt64LittleEndian(bytes[(CountsAt + (p * 16))..]) != first[p]) return null;
            var count = BinaryPrimitives.ReadInt64LittleEndian(bytes[(CountsAt + (p * 16) + 8)..]);
            if (count < 0 || count > places.Length / PlaceBytes) return null;
            for (var i = 0; i < count; i++, places = places[PlaceBytes..])
            {
                index._places[p].Add(new(
                    BinaryPrimitives.ReadUInt32LittleEndian(places),
                    BinaryPrimitives.ReadInt32LittleEndian(places[4..])));
            }
        }

        return places.IsEmpty ? index : null;
    }
}

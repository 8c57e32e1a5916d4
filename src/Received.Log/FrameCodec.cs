using System.IO.Hashing;
using K4os.Compression.LZ4;
using Received.Model;

namespace Received.Log;

/// <summary>Who made a frame and when: what the header needs besides the events.</summary>
public readonly record struct FrameStamp(PartitionId Partition, ulong ProducerId, long ProducerNumber, long TimeMs);

/// <summary>
/// Events to frame bytes and back. Stateless but for scratch memory: one instance per thread. The same events and
/// stamp always give the same bytes. Layout: docs/frame-format.md.
/// </summary>
public sealed class FrameCodec
{
    // Tables hold at most one entry an event, and the empty assertion.
    const int TableEntriesMax = FrameLimits.EventsMax + 1;

    readonly PayloadWriter _payload = new();
    readonly int[] _places = new int[BlockPacker.PlacesCount];
    byte[] _raw = [];
    byte[] _frame = [];
    int[] _lengths = [];
    uint[] _accounts = [];

    /// <summary>The frame's bytes, valid until the next call on this instance.</summary>
    /// <exception cref="ArgumentException">More events or bytes than <see cref="FrameLimits"/> allows, or
    /// none.</exception>
    public ReadOnlyMemory<byte> Encode(EventColumns events, FrameStamp stamp)
    {
        if (events.Count is 0 or > FrameLimits.EventsMax)
            throw new ArgumentException($"A frame has 1 to {FrameLimits.EventsMax} events, not {events.Count}.");
        _payload.Clear();
        WriteTable(events.Customers);
        WriteTable(events.Products);
        WriteTable(events.Assertions);
        IntegerColumn.Write(_payload, events.Customer);
        IntegerColumn.Write(_payload, events.Product);
        IntegerColumn.Write(_payload, events.Assertion);
        IntegerColumn.Write(_payload, events.TimestampMs);
        IntegerColumn.Write(_payload, events.ReceivedAtMs);
        QuantityColumn.Write(_payload, events.Quantity);
        WriteBytes(events.Keys);
        WriteBytes(events.Data, isFree: true);
        return Seal(events.Count, stamp);
    }

    /// <summary>
    /// Decodes a whole frame into <paramref name="events"/>. False where the version or kind is unknown or the
    /// payload is not what the format allows: every length and index is checked, so hostile bytes can do no more than
    /// be refused.
    /// </summary>
    /// <param name="forRating">
    /// <see cref="EventColumns.Data"/> stays empty where no event has a key: rating compares the data of equal keys,
    /// and reads it for nothing else. It is checked all the same.
    /// </param>
    public bool TryDecode(ReadOnlySpan<byte> frame, EventColumns events, bool forRating = false)
    {
        events.Clear();
        if (!FrameHeader.TryRead(frame, out var header) || !IsKnown(header) || frame.Length != header.FrameBytes)
            return false;
        var stored = frame[FrameHeader.Bytes..];
        if (header.Compressed)
        {
            if (_raw.Length < header.RawBytes) _raw = new byte[header.RawBytes];
            if (LZ4Codec.Decode(stored, _raw.AsSpan(0, header.RawBytes)) != header.RawBytes) return false;
            stored = _raw.AsSpan(0, header.RawBytes);
        }

        var reader = new PayloadReader(stored);
        if (TryReadEvents(ref reader, events, header.EventCount, forRating) && reader.IsAtEnd) return true;
        events.Clear();
        return false;
    }

    /// <summary>Whether this program can read frames of that version and kind, and its sizes keep the limits.</summary>
    public static bool IsKnown(in FrameHeader header) =>
        header is { Version: FrameHeader.CurrentVersion, Kind: FrameKind.Events }
        && header.EventCount is > 0 and <= FrameLimits.EventsMax
        && header.RawBytes <= FrameLimits.RawBytesMax
        && (header.Compressed || header.RawBytes == header.PayloadBytes);

    ReadOnlyMemory<byte> Seal(int eventCount, FrameStamp stamp)
    {
        var raw = _payload.Written;
        if (raw.Length > FrameLimits.RawBytesMax)
            throw new ArgumentException(
                $"A frame's events take at most {FrameLimits.RawBytesMax} bytes, not {raw.Length}.");
        var room = FrameHeader.Bytes + BlockPacker.TargetBytes(raw.Length);
        if (_frame.Length < room) _frame = new byte[room];
        var payload = _frame.AsSpan(FrameHeader.Bytes);
        var size = _payload.Pack(payload, _places);
        var compressed = size < raw.Length;
        if (!compressed)
        {
            raw.CopyTo(payload);
            size = raw.Length;
        }

        new FrameHeader(
            FrameHeader.CurrentVersion, FrameKind.Events, compressed, stamp.Partition, eventCount, size, raw.Length,
            stamp.ProducerId, stamp.ProducerNumber, stamp.TimeMs, XxHash3.HashToUInt64(payload[..size])).Write(_frame);
        return _frame.AsMemory(0, FrameHeader.Bytes + size);
    }

    void WriteTable(NamedTable table)
    {
        _payload.WriteInt32(table.Count);
        if (_accounts.Length < table.Count) _accounts = new uint[table.Count];
        for (var i = 0; i < table.Count; i++) _accounts[i] = table.Account(i).Value;
        IntegerColumn.Write<uint>(_payload, _accounts.AsSpan(0, table.Count));
        WriteBytes(table.Refs);
        WriteBytes(table.Names);
    }

    void WriteBytes(ByteColumn column, bool isFree = false)
    {
        if (_lengths.Length < column.Count) _lengths = new int[column.Count];
        var ends = column.Ends;
        var lengths = _lengths.AsSpan(0, ends.Length);
        var start = 0;
        for (var i = 0; i < ends.Length; i++)
        {
            lengths[i] = ends[i] - start;
            start = ends[i];
        }

        IntegerColumn.Write<int>(_payload, lengths);
        _payload.WriteEntries(column, isFree);
    }

    bool TryReadEvents(ref PayloadReader reader, EventColumns events, int count, bool forRating)
    {
        if (!TryReadTable(ref reader, events.Customers)
            || !TryReadTable(ref reader, events.Products)
            || !TryReadTable(ref reader, events.Assertions)) return false;
        if (events.Assertions.Count == 0 || !events.Assertions.Ref(0).IsEmpty || !events.Assertions.Name(0).IsEmpty)
            return false;
        var columns = events.Resize(count);
        return IntegerColumn.TryRead(ref reader, columns.Customer, 0, events.Customers.Count - 1)
            && IntegerColumn.TryRead(ref reader, columns.Product, 0, events.Products.Count - 1)
            && IntegerColumn.TryRead(ref reader, columns.Assertion, 0, events.Assertions.Count - 1)
            && IntegerColumn.TryRead(ref reader, columns.TimestampMs, FrameLimits.TimeMinMs, FrameLimits.TimeMaxMs)
            && IntegerColumn.TryRead(ref reader, columns.ReceivedAtMs, FrameLimits.TimeMinMs, FrameLimits.TimeMaxMs)
            && QuantityColumn.TryRead(ref reader, columns.Quantity)
            && TryReadBytes(ref reader, events.Keys, count)
            && TryReadBytes(ref reader, forRating && events.Keys.ByteCount == 0 ? null : events.Data, count);
    }

    bool TryReadTable(ref PayloadReader reader, NamedTable table)
    {
        table.Clear();
        if (!reader.TryReadInt32(out var count) || count is < 0 or > TableEntriesMax) return false;
        if (_accounts.Length < count) _accounts = new uint[count];
        if (!IntegerColumn.TryRead(ref reader, _accounts.AsSpan(0, count), uint.MinValue, uint.MaxValue)
            || !TryReadBytes(ref reader, table.Refs, count)
            || !TryReadBytes(ref reader, table.Names, count)) return false;
        return table.TryAdopt(_accounts.AsSpan(0, count));
    }

    /// <param name="column">Null: it is checked, and left unread.</param>
    bool TryReadBytes(ref PayloadReader reader, ByteColumn? column, int count)
    {
        if (_lengths.Length < count) _lengths = new int[count];
        var ends = _lengths.AsSpan(0, count);
        if (!IntegerColumn.TryRead(ref reader, ends, 0, FrameLimits.RawBytesMax)) return false;
        long end = 0;
        for (var i = 0; i < ends.Length; i++)
        {
            end += ends[i];
            // Lengths are not negative: where the last end fits, all do, and where it does not none is used.
            ends[i] = unchecked((int)end);
        }

        return end <= reader.Remaining && reader.TryReadBytes((int)end, out var bytes)
            && (column is null || bytes.TryCopyTo(column.Resize(ends)));
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Received.Usage.ClickHouse;

/// <summary>
/// An answer in ClickHouse's Native format, a block at a time, read where it lies. Goal: no object per row, and a
/// truncated answer is an error and never a short one: blocks are framed, an error in mid-stream begins with a mark
/// that no block has, and ends the connection without its last chunk.
/// </summary>
sealed class NativeRows(Stream stream, IDisposable owner, ClickHouseCall call) : IAsyncDisposable
{
    const int BufferMin = 1 << 16;

    readonly List<NativeColumn> _columns = [];
    byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferMin);
    int _filled;
    int _at;
    int _columnsRead;
    int _columnCount;

    /// <summary>Rows of the block at hand.</summary>
    public int Count { get; private set; }

    static ReadOnlySpan<byte> ErrorMark => "__exception__"u8;

    /// <summary>The next block that has rows; false at the end. Values of the block before are gone.</summary>
    public async ValueTask<bool> NextAsync()
    {
        do
        {
            if (!await StartAsync()) return false;
            while (!Parse()) await FillAsync();
        }
        while (Count == 0);
        return true;
    }

    public T Value<T>(int column, int row)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Count);
        var found = _columns[column];
        if (found.Size != Unsafe.SizeOf<T>()) throw new InvalidOperationException($"Column {column} is {found.Type}.");
        return Unsafe.ReadUnaligned<T>(ref _buffer[found.Start + (row * found.Size)]);
    }

    public ReadOnlySpan<byte> Bytes(int column, int row)
    {
        var (start, length) = _columns[column].Text(row);
        return _buffer.AsSpan(start, length);
    }

    public string Text(int column, int row) => Encoding.UTF8.GetString(Bytes(column, row));

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        owner.Dispose();
        call.Dispose();
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _buffer, []));
    }

    /// <summary>Moves what is left to the front and reads a block's two counts.</summary>
    async ValueTask<bool> StartAsync()
    {
        _buffer.AsSpan(_at, _filled - _at).CopyTo(_buffer);
        _filled -= _at;
        _at = 0;
        (_columnsRead, Count) = (0, 0);
        if (_filled == 0 && !await ReadAsync()) return false;
        int rows;
        while (!TryLength(ref _at, out _columnCount) || !TryLength(ref _at, out rows))
        {
            _at = 0;
            await FillAsync();
        }

        if (_columns.Count > 0 && _columns.Count != _columnCount) throw Garbled();
        Count = rows;
        return true;
    }

    /// <summary>Goes on with the block as far as its bytes are here.</summary>
    bool Parse()
    {
        while (_columnsRead < _columnCount)
        {
            if (_columns.Count == _columnsRead)
            {
                var at = _at;
                if (!TryText(ref at, out _) || !TryText(ref at, out var type)) return false;
                _columns.Add(new(type) { Start = at });
                _at = at;
            }
            else if (!_columns[_columnsRead].IsOpen)
            {
                var at = _at;
                if (!TryText(ref at, out _) || !TryText(ref at, out var type)) return false;
                if (type != _columns[_columnsRead].Type) throw Garbled();
                _columns[_columnsRead].Open(at);
                _at = at;
            }

            if (!_columns[_columnsRead].TryTake(_buffer.AsSpan(0, _filled), Count, ref _at)) return false;
            _columnsRead++;
        }

        return true;
    }

    bool TryText(ref int at, out string text)
    {
        text = "";
        if (!TryLength(ref at, out var length)) return false;
        // Names and types of ours are short: anything else is no block.
        if (length > 1000) throw Garbled();
        if (_filled - at < length) return false;
        text = Encoding.UTF8.GetString(_buffer, at, length);
        at += length;
        return true;
    }

    bool TryLength(ref int at, out int length) =>
        NativeColumn.TryLength(_buffer.AsSpan(0, _filled), ref at, out length);

    async ValueTask FillAsync()
    {
        if (!await ReadAsync()) throw Garbled();
    }

    async ValueTask<bool> ReadAsync()
    {
        if (_filled == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        try
        {
            var read = await call.WaitAsync(token => stream.ReadAsync(_buffer.AsMemory(_filled), token).AsTask());
            _filled += read;
            return read > 0;
        }
        catch (StoreUnavailableException) when (ErrorText() is { } error)
        {
            throw call.Failure(error);
        }
    }

    /// <summary>What the server wrote into the answer when it could no longer give a status.</summary>
    string? ErrorText()
    {
        var tail = _buffer.AsSpan(_at, _filled - _at);
        var at = tail.IndexOf(ErrorMark);
        return at < 0 ? null : Encoding.UTF8.GetString(tail[(at + ErrorMark.Length)..]);
    }

    Exception Garbled() => ErrorText() is { } error
        ? call.Failure(error)
        : new StoreUnavailableException("ClickHouse's answer ended early or is not in its Native format.");
}

/// <summary>Where a column's values lie in the buffer of <see cref="NativeRows"/>.</summary>
sealed class NativeColumn(string type)
{
    readonly List<(int Start, int Length)> _texts = [];

    public string Type { get; } = type;

    /// <summary>Bytes of a value, or 0 for text.</summary>
    public int Size { get; } = type switch
    {
        "UInt8" or "Int8" or "Bool" => 1,
        "UInt16" or "Int16" => 2,
        "UInt32" or "Int32" => 4,
        "UInt64" or "Int64" => 8,
        "UInt128" or "Int128" => 16,
        "UInt256" or "Int256" => 32,
        "String" => 0,
        _ => throw new StoreUnavailableException($"ClickHouse answered with a column of type {type}."),
    };

    public int Start { get; set; }

    public bool IsOpen { get; private set; } = true;

    public (int Start, int Length) Text(int row) => _texts[row];

    public void Open(int start)
    {
        Start = start;
        IsOpen = true;
        _texts.Clear();
    }

    /// <summary>False where the bytes end before the column does; goes on from there the next time.</summary>
    public bool TryTake(ReadOnlySpan<byte> bytes, int rows, ref int at)
    {
        if (Size > 0)
        {
            var end = checked(Start + ((long)rows * Size));
            if (bytes.Length < end) return false;
            at = checked((int)end);
        }
        else
        {
            while (_texts.Count < rows)
            {
                var next = at;
                if (!TryLength(bytes, ref next, out var length) || bytes.Length - next < length) return false;
                _texts.Add((next, length));
                at = next + length;
            }
        }

        IsOpen = false;
        return true;
    }

    public static bool TryLength(ReadOnlySpan<byte> bytes, ref int at, out int length)
    {
        var value = 0L;
        for (int i = at, shift = 0; i < bytes.Length && shift < 35; i++, shift += 7)
        {
            value |= (long)(bytes[i] & 0x7F) << shift;
            if (bytes[i] >= 0x80) continue;
            at = i + 1;
            length = (int)Math.Min(value, int.MaxValue);
            return true;
        }

        length = 0;
        return false;
    }
}

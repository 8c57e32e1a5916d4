using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Rows on their way into a table, as a block of ClickHouse's Native format: column by column, so that a column of
/// numbers is one copy. Measured as the fastest way in. Kept and used again: buffers grow to the largest block.
/// Invariant: every column has <see cref="Rows"/> entries whenever the block is sent.
/// </summary>
sealed class NativeBlock
{
    // Version of the serialisation, and flags: keys follow, in a dictionary of the block's own; indices are UInt32.
    const long DictionaryVersion = 1;
    const long DictionaryKind = 0x602;

    const int LengthMax = 5;

    // Lengths and the four numbers of a dictionary, for each column.
    const int HeadMax = 64;

    readonly Column[] _columns;
    readonly ArrayBufferWriter<byte> _heads = new();

    /// <param name="columns">Names with types of fixed size, String, or LowCardinality(String).</param>
    public NativeBlock(string table, params (string Name, string Type)[] columns)
    {
        Table = table;
        _columns = [.. columns.Select(column => new Column(column.Name, column.Type))];
        Insert = $"INSERT INTO {table} ({string.Join(", ", columns.Select(column => column.Name))}) FORMAT Native";
    }

    public string Table { get; }

    /// <summary>The statement that takes the block.</summary>
    public string Insert { get; }

    public int Rows { get; private set; }

    /// <summary>Bytes of all columns.</summary>
    public long ByteCount => _columns.Sum(column => (long)column.Data.WrittenCount + column.Dictionary.WrittenCount);

    public void Clear()
    {
        Rows = 0;
        foreach (var column in _columns) column.Clear();
    }

    public void Set<T>(int column, T value)
        where T : unmanaged =>
        Unsafe.WriteUnaligned(ref Block<byte>(column, Unsafe.SizeOf<T>())[0], value);

    public void Set(int column, string value)
    {
        var target = _columns[column].Data;
        WriteLength(target, Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, target);
    }

    public void Set(int column, ReadOnlySpan<byte> value)
    {
        var target = _columns[column].Data;
        WriteLength(target, value.Length);
        target.Write(value);
    }

    public void EndRow() => Rows++;

    /// <summary>Room for that many values of a column, to be filled.</summary>
    public Span<T> Block<T>(int column, int count)
        where T : unmanaged
    {
        var bytes = checked(count * Unsafe.SizeOf<T>());
        var data = _columns[column].Data;
        var span = data.GetSpan(bytes)[..bytes];
        data.Advance(bytes);
        return MemoryMarshal.Cast<byte, T>(span);
    }

    /// <summary>Rows that were filled by <see cref="Block"/>.</summary>
    public void Advance(int rows) => Rows += rows;

    /// <summary>Values of a column of text, one a row.</summary>
    public void SetAll(int column, ByteColumn values) => Write(_columns[column].Data, values);

    /// <summary>Adds values to a column's dictionary; rows name them by index, as UInt32.</summary>
    /// <returns>The index of the first.</returns>
    public int AddEntries(int column, ByteColumn values)
    {
        var target = _columns[column];
        Write(target.Dictionary, values);
        var first = target.Entries;
        target.Entries += values.Count;
        return first;
    }

    /// <summary>The block's bytes where they lie, valid until it is changed.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Parts()
    {
        _heads.ResetWrittenCount();
        // Reserved at once, so that it does not move while parts are cut from it.
        _heads.GetSpan(_columns.Sum(column => column.Head.Length + HeadMax) + HeadMax);
        var parts = new List<ReadOnlyMemory<byte>>(_columns.Length * 3);
        var start = 0;
        WriteLength(_heads, _columns.Length);
        WriteLength(_heads, Rows);
        foreach (var column in _columns)
        {
            _heads.Write(column.Head);
            if (column.IsDictionary)
            {
                WriteLong(_heads, DictionaryVersion);
                WriteLong(_heads, DictionaryKind);
                WriteLong(_heads, column.Entries);
                Cut();
                parts.Add(column.Dictionary.WrittenMemory);
                WriteLong(_heads, Rows);
            }

            Cut();
            parts.Add(column.Data.WrittenMemory);
        }

        return parts;

        void Cut()
        {
            parts.Add(_heads.WrittenMemory[start..]);
            start = _heads.WrittenCount;
        }
    }

    public void WriteTo(ArrayBufferWriter<byte> target)
    {
        foreach (var part in Parts()) target.Write(part.Span);
    }

    static void Write(ArrayBufferWriter<byte> target, ByteColumn values)
    {
        var span = target.GetSpan(checked(values.ByteCount + (values.Count * LengthMax)));
        var bytes = values.Bytes;
        var at = 0;
        var start = 0;
        foreach (var end in values.Ends)
        {
            at += WriteLength(span[at..], end - start);
            bytes[start..end].CopyTo(span[at..]);
            at += end - start;
            start = end;
        }

        target.Advance(at);
    }

    static void WriteLong(ArrayBufferWriter<byte> target, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target.GetSpan(sizeof(long)), value);
        target.Advance(sizeof(long));
    }

    static void WriteLength(ArrayBufferWriter<byte> target, int length) =>
        target.Advance(WriteLength(target.GetSpan(LengthMax), length));

    static int WriteLength(Span<byte> target, int length)
    {
        var rest = (uint)length;
        var at = 0;
        for (; rest >= 0x80; rest >>= 7) target[at++] = unchecked((byte)(rest | 0x80));
        target[at++] = (byte)rest;
        return at;
    }

    sealed class Column
    {
        public Column(string name, string type)
        {
            IsDictionary = type.StartsWith("LowCardinality", StringComparison.Ordinal);
            var head = new ArrayBufferWriter<byte>();
            foreach (var text in (string[])[name, type])
            {
                WriteLength(head, Encoding.UTF8.GetByteCount(text));
                Encoding.UTF8.GetBytes(text, head);
            }

            Head = head.WrittenSpan.ToArray();
        }

        public byte[] Head { get; }

        public bool IsDictionary { get; }

        public ArrayBufferWriter<byte> Data { get; } = new();

        public ArrayBufferWriter<byte> Dictionary { get; } = new();

        public int Entries { get; set; }

        public void Clear()
        {
            Data.ResetWrittenCount();
            Dictionary.ResetWrittenCount();
            Entries = 0;
        }
    }
}

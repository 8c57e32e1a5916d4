using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DuckDB.NET.Native;

namespace Received.Usage.DuckDb;

/// <summary>
/// Appends rows as chunks of columns to a table, or to what a statement is run over. Fill a block of rows
/// (<see cref="Block"/>, <see cref="SetBytes"/>) and <see cref="Advance"/>, or a single one with <see cref="Set"/> and
/// <see cref="EndRow"/>; <see cref="Finish"/> makes them part of the session's transaction. Every column of a row must
/// be set.
/// </summary>
sealed unsafe partial class DuckDbAppender : IDisposable
{
    static readonly int ChunkRows = checked((int)NativeMethods.Helpers.DuckDBVectorSize());

    readonly DuckDBAppender _appender;
    readonly DuckDBDataChunk _chunk;
    readonly nint[] _vectors;
    readonly nint[] _data;
    readonly int[] _sizes;
    int _row;

    DuckDbAppender(DuckDBState state, DuckDBAppender appender)
    {
        _appender = appender;
        if (state != DuckDBState.Success) throw Error();
        var count = NativeMethods.Appender.DuckDBAppenderColumnCount(_appender);
        var types = new DuckDBLogicalType[count];
        var handles = new nint[count];
        _vectors = new nint[count];
        _data = new nint[count];
        _sizes = new int[count];
        for (var i = 0; i < types.Length; i++)
        {
            types[i] = NativeMethods.Appender.DuckDBAppenderColumnType(_appender, (ulong)i);
            handles[i] = types[i].DangerousGetHandle();
            _sizes[i] = SizeOf(NativeMethods.LogicalType.DuckDBGetTypeId(types[i]));
        }

        _chunk = NativeMethods.DataChunks.DuckDBCreateDataChunk(handles, count);
        foreach (var type in types) type.Dispose();
        FindVectors();
    }

    public static DuckDbAppender ToTable(DuckDbSession session, string table, string? database)
    {
        var state = NativeMethods.Appender.DuckDBAppenderCreateExt(
            session.Connection, database, null, table, out var appender);
        return new(state, appender);
    }

    /// <summary>Rows that <paramref name="sql"/> knows as the table "given". A temporary table would keep the memory of
    /// what is deleted from it (DuckDB issue 18330), and count its distinct values.</summary>
    public static DuckDbAppender ToStatement(DuckDbSession session, string sql, ReadOnlySpan<DuckDbColumn> columns)
    {
        var types = new DuckDBLogicalType[columns.Length];
        var handles = stackalloc nint[columns.Length];
        var names = stackalloc nint[columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            types[i] = NativeMethods.LogicalType.DuckDBCreateLogicalType(columns[i].Type);
            handles[i] = types[i].DangerousGetHandle();
            names[i] = Marshal.StringToCoTaskMemUTF8(columns[i].Name);
        }

        var state = CreateQuery(
            session.Connection, sql, (ulong)columns.Length, handles, "given", names, out var appender);
        for (var i = 0; i < columns.Length; i++)
        {
            types[i].Dispose();
            Marshal.FreeCoTaskMem(names[i]);
        }

        return new(state, appender);
    }

    /// <summary>Rows that can be filled before the next <see cref="Advance"/>.</summary>
    public int Room => ChunkRows - _row;

    /// <summary>Memory of the next rows of a column, as many as there is <see cref="Room"/> for.</summary>
    public Span<T> Block<T>(int column)
        where T : unmanaged
    {
        Debug.Assert(sizeof(T) == _sizes[column], "The column has another type.");
        return new Span<T>((T*)_data[column] + _row, Room);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set<T>(int column, T value)
        where T : unmanaged
    {
        Debug.Assert(sizeof(T) == _sizes[column], "The column has another type.");
        ((T*)_data[column])[_row] = value;
    }

    /// <summary>A text (valid UTF-8) or a BLOB, copied; <paramref name="ahead"/> counts rows from the current
    /// one.</summary>
    public void SetBytes(int column, ReadOnlySpan<byte> value, int ahead = 0)
    {
        fixed (byte* bytes = value)
        {
            // An empty span has no address, and a null pointer would mean NULL.
            byte none = 0;
            NativeMethods.Vectors.DuckDBVectorAssignStringElementLength(
                _vectors[column], (ulong)(_row + ahead), bytes == null ? &none : bytes, value.Length);
        }
    }

    public void SetNull(int column)
    {
        NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(_vectors[column]);
        var validity = NativeMethods.Vectors.DuckDBVectorGetValidity(_vectors[column]);
        NativeMethods.ValidityMask.DuckDBValiditySetRowValidity(validity, (ulong)_row, false);
    }

    public void EndRow() => Advance(1);

    public void Advance(int rows)
    {
        _row += rows;
        if (_row == ChunkRows) Push();
    }

    public void Finish()
    {
        if (_row > 0) Push();
        if (NativeMethods.Appender.DuckDBAppenderClose(_appender) != DuckDBState.Success) throw Error();
    }

    public void Dispose()
    {
        // Destroying an appender flushes it: rows of a failed write would come in by that door.
        if (!_appender.IsClosed) NativeMethods.Appender.DuckDBAppenderClear(_appender);
        _chunk.Dispose();
        _appender.Dispose();
    }

    void Push()
    {
        NativeMethods.DataChunks.DuckDBDataChunkSetSize(_chunk, (ulong)_row);
        if (NativeMethods.Appender.DuckDBAppendDataChunk(_appender, _chunk) != DuckDBState.Success) throw Error();
        NativeMethods.DataChunks.DuckDBDataChunkReset(_chunk);
        _row = 0;
        FindVectors();
    }

    void FindVectors()
    {
        for (var i = 0; i < _vectors.Length; i++)
        {
            _vectors[i] = NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk, i);
            _data[i] = (nint)NativeMethods.Vectors.DuckDBVectorGetData(_vectors[i]);
        }
    }

    DuckDbError Error()
    {
        using var error = NativeMethods.Appender.DuckDBAppenderErrorData(_appender);
        return new(
            NativeMethods.ErrorData.DuckDBErrorDataMessage(error),
                NativeMethods.ErrorData.DuckDBErrorDataErrorType(error));
    }

    static int SizeOf(DuckDBType type) => type switch
    {
        DuckDBType.UnsignedTinyInt => 1,
        DuckDBType.UnsignedSmallInt => 2,
        DuckDBType.Integer or DuckDBType.UnsignedInteger => 4,
        DuckDBType.BigInt or DuckDBType.UnsignedBigInt => 8,
        _ => 16,
    };

    [LibraryImport("duckdb", EntryPoint = "duckdb_appender_create_query", StringMarshalling = StringMarshalling.Utf8)]
    private static partial DuckDBState CreateQuery(
        DuckDBNativeConnection connection, string query, ulong columnCount, nint* types, string tableName,
        nint* columnNames, out DuckDBAppender appender);
}

/// <summary>Of the rows that a statement is given.</summary>
readonly record struct DuckDbColumn(string Name, DuckDBType Type);

using DuckDB.NET.Native;

namespace Received.Usage.DuckDb;

/// <summary>
/// A result, a chunk of up to 2,048 rows at a time, as columns of plain memory. Spans are valid until the next
/// <see cref="Next"/>; the caller names each column's type, which must be the one that the SQL gives.
/// </summary>
sealed unsafe class DuckDbRows(DuckDBResult result) : IDisposable
{
    DuckDBResult _result = result;
    DuckDBDataChunk? _chunk;

    /// <summary>Rows of the chunk.</summary>
    public int Count { get; private set; }

    public long RowsChanged => NativeMethods.Query.DuckDBRowsChanged(ref _result);

    /// <summary>False at the end.</summary>
    public bool Next()
    {
        _chunk?.Dispose();
        _chunk = NativeMethods.Query.DuckDBFetchChunk(_result);
        if (_chunk.IsInvalid)
        {
            // A stream that breaks off looks like its end, but for this.
            if (!string.IsNullOrEmpty(NativeMethods.Query.DuckDBResultError(ref _result))) throw Error();
            Count = 0;
            return false;
        }

        Count = checked((int)NativeMethods.DataChunks.DuckDBDataChunkGetSize(_chunk));
        return Count > 0;
    }

    public ReadOnlySpan<T> Column<T>(int column)
        where T : unmanaged =>
        new(NativeMethods.Vectors.DuckDBVectorGetData(Vector(column)), Count);

    public bool IsNull(int column, int row)
    {
        var validity = NativeMethods.Vectors.DuckDBVectorGetValidity(Vector(column));
        return validity != null && (validity[row >> 6] & (1UL << (row & 63))) == 0;
    }

    /// <summary>A VARCHAR's UTF-8 or a BLOB's bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int column, int row)
    {
        // duckdb_string_t: 4 bytes of length; up to 12 bytes stand behind it, longer ones behind a pointer at byte 8.
        var entry = (byte*)NativeMethods.Vectors.DuckDBVectorGetData(Vector(column)) + (row * 16);
        var length = *(int*)entry;
        return new(length <= 12 ? entry + 4 : *(byte**)(entry + 8), length);
    }

    public string Text(int column, int row) => System.Text.Encoding.UTF8.GetString(Bytes(column, row));

    public string? TextOrNull(int column, int row) => IsNull(column, row) ? null : Text(column, row);

    public DuckDbError Error() => new(
        NativeMethods.Query.DuckDBResultError(ref _result), NativeMethods.Query.DuckDBResultErrorType(ref _result));

    public void Dispose()
    {
        _chunk?.Dispose();
        _result.Close();
    }

    nint Vector(int column) => NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk!, column);
}

using System.Text;
using DuckDB.NET.Native;

namespace Received.Usage.DuckDb;

/// <summary>
/// One connection, for one thread at a time, except <see cref="Interrupt"/>. Speaks DuckDB's C interface instead of
/// ADO.NET: results and appends are columns of plain memory, so no value is boxed and no 128-bit integer becomes a
/// BigInteger, and the database handle is ours to close when it has failed.
/// </summary>
sealed class DuckDbSession(DuckDBNativeConnection connection) : IDisposable
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public DuckDBNativeConnection Connection { get; } = connection;

    /// <summary>UTF-8 of a text; parameters of SQL go as bytes (<c>decode($1)</c>), since C strings end at a
    /// NUL.</summary>
    /// <exception cref="ArgumentException">The text has a surrogate without its other half: it is no UTF-8.</exception>
    public static byte[] Utf8(string text) => Strict.GetBytes(text);

    public void Interrupt()
    {
        if (!Connection.IsClosed) Connection.Interrupt();
    }

    /// <summary>Runs one statement, or several when there are no arguments.</summary>
    /// <returns>Rows changed by it.</returns>
    public long Execute(string sql, params ReadOnlySpan<object?> arguments)
    {
        if (arguments.Length == 0)
        {
            var state = NativeMethods.Query.DuckDBQuery(Connection, sql, out var result);
            using var rows = new DuckDbRows(result);
            if (state != DuckDBState.Success) throw rows.Error();
            return rows.RowsChanged;
        }

        using var query = Query(sql, arguments);
        return query.RowsChanged;
    }

    /// <summary>The whole result, held in memory (within DuckDB's limit).</summary>
    public DuckDbRows Query(string sql, params ReadOnlySpan<object?> arguments) => Query(sql, streaming: false,
        arguments);

    /// <summary>A result made as it is read; the session is busy until it is disposed of.</summary>
    public DuckDbRows Stream(string sql, params ReadOnlySpan<object?> arguments) => Query(sql, streaming: true,
        arguments);

    /// <param name="database">Null: the main one, or a temporary table.</param>
    public DuckDbAppender Append(string table, string? database = null) =>
        DuckDbAppender.ToTable(this, table, database);

    /// <summary>Runs the statement (INSERT, DELETE, UPDATE or MERGE) over the appended rows, the table "given", when
    /// they are finished.</summary>
    public DuckDbAppender Append(string sql, ReadOnlySpan<DuckDbColumn> columns) =>
        DuckDbAppender.ToStatement(this, sql, columns);

    /// <summary>
    /// Appends to a temporary table that is made anew, for a query to read: deleting its rows would not free their
    /// memory (DuckDB issue 18330).
    /// </summary>
    /// <param name="columns">Names and types, as SQL.</param>
    public DuckDbAppender Stage(string table, string columns)
    {
        Execute($"CREATE OR REPLACE TEMP TABLE {table} ({columns})");
        return Append(table);
    }

    /// <summary>Starts a transaction: all its statements see one snapshot.</summary>
    public void Begin() => Execute("BEGIN TRANSACTION");

    public void Commit() => Execute("COMMIT");

    DuckDbRows Query(string sql, bool streaming, ReadOnlySpan<object?> arguments)
    {
        var state = NativeMethods.PreparedStatements.DuckDBPrepare(Connection, sql, out var statement);
        using (statement)
        {
            if (state != DuckDBState.Success)
                throw new DuckDbError(
                    NativeMethods.PreparedStatements.DuckDBPrepareError(statement), DuckDBErrorType.Binder);
            for (var i = 0; i < arguments.Length; i++) Bind(statement, i + 1, arguments[i]);
            state = streaming
                ? NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out var result)
                : NativeMethods.PreparedStatements.DuckDBExecutePrepared(statement, out result);
            var rows = new DuckDbRows(result);
            if (state == DuckDBState.Success) return rows;
            using (rows) throw rows.Error();
        }
    }

    static void Bind(DuckDBPreparedStatement statement, int index, object? value)
    {
        var state = value switch
        {
            null => NativeMethods.PreparedStatements.DuckDBBindNull(statement, index),
            byte v => NativeMethods.PreparedStatements.DuckDBBindUInt8(statement, index, v),
            ushort v => NativeMethods.PreparedStatements.DuckDBBindUInt16(statement, index, v),
            int v => NativeMethods.PreparedStatements.DuckDBBindInt32(statement, index, v),
            uint v => NativeMethods.PreparedStatements.DuckDBBindUInt32(statement, index, v),
            long v => NativeMethods.PreparedStatements.DuckDBBindInt64(statement, index, v),
            ulong v => NativeMethods.PreparedStatements.DuckDBBindUInt64(statement, index, v),
            byte[] v => NativeMethods.PreparedStatements.DuckDBBindBlob(statement, index, v, v.Length),
            _ => throw new ArgumentException($"No binding for {value.GetType()}."),
        };
        if (state != DuckDBState.Success)
            throw new DuckDbError($"Parameter {index} cannot be bound.", DuckDBErrorType.Binder);
    }

    public void Dispose() => Connection.Dispose();
}

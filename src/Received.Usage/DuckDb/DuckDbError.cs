using DuckDB.NET.Native;

namespace Received.Usage.DuckDb;

/// <summary>What DuckDB answered instead of a result. Never leaves this folder: see <see cref="DuckDbPool"/>.</summary>
sealed class DuckDbError(string message, DuckDBErrorType kind) : Exception(message)
{
    public DuckDBErrorType Kind { get; } = kind;

    /// <summary>A number did not fit: the question's answer, not a failure of the store.</summary>
    public bool IsOverflow => Kind
        is DuckDBErrorType.OutOfRange or DuckDBErrorType.Conversion or DuckDBErrorType.Decimal;

    /// <summary>
    /// Whether the instance may be used on. All kinds that are not known to concern one statement alone count as
    /// fatal: after a failed write (a full disk) an instance may refuse everything until it is opened anew.
    /// </summary>
    public bool LeavesInstanceUsable => IsOverflow || Kind is DuckDBErrorType.Interrupt or DuckDBErrorType.OutOfMemory
        or DuckDBErrorType.Parser or DuckDBErrorType.Binder or DuckDBErrorType.InvalidInput;
}

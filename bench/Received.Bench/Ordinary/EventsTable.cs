using Microsoft.Data.Sqlite;

namespace Received.Bench.Ordinary;

/// <summary>A table of events in SQLite: write-ahead log, synchronous, one prepared statement.</summary>
sealed class EventsTable : IDisposable
{
    static readonly string[] Names =
    [
        "$at", "$customer", "$customer_name", "$product", "$product_name", "$quantity", "$data", "$currency", "$entity",
        "$key",
    ];

    readonly Lock _gate = new();
    readonly SqliteConnection _connection;
    readonly SqliteCommand _insert;

    public EventsTable(string file)
    {
        _connection = new($"Data Source={file}");
        _connection.Open();
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute("""
            CREATE TABLE event (
              id INTEGER PRIMARY KEY, at INTEGER, customer TEXT, customer_name TEXT, product TEXT, product_name TEXT,
              quantity TEXT, data TEXT, currency TEXT, entity TEXT, key TEXT);
            CREATE UNIQUE INDEX event_key ON event (customer, key) WHERE key IS NOT NULL;
            """);
        _insert = _connection.CreateCommand();
        _insert.CommandText = """
            INSERT OR IGNORE INTO event
              (at, customer, customer_name, product, product_name, quantity, data, currency, entity, key)
            VALUES ($at, $customer, $customer_name, $product, $product_name, $quantity, $data, $currency, $entity, $key)
            """;
        foreach (var name in Names) _insert.Parameters.Add(new SqliteParameter(name, null));
        _insert.Prepare();
    }

    public void Insert(List<EventDto> events, bool inOneTransaction)
    {
        lock (_gate)
        {
            using var transaction = inOneTransaction ? _connection.BeginTransaction() : null;
            _insert.Transaction = transaction;
            foreach (var e in events) Insert(e);
            transaction?.Commit();
        }
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }

    void Insert(EventDto e)
    {
        ReadOnlySpan<object?> values =
        [
            e.Timestamp.ToUnixTimeMilliseconds(), e.CustomerRef, e.CustomerName, e.UsageProductRef, e.UsageProductName,
            e.Quantity.ToString(), e.AdditionalReportData?.GetRawText(), e.Validations?.Currency,
            e.Validations?.EntityRef, e.IdempotencyKey,
        ];
        for (var i = 0; i < values.Length; i++) _insert.Parameters[i].Value = values[i] ?? DBNull.Value;
        _insert.ExecuteNonQuery();
    }

    void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

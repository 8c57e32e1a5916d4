using System.Data.Common;

namespace Received.Billing.Store;

/// <summary>
/// The billing database's schema as numbered steps. Invariant: a step that was released is never edited, only
/// followed; the file's user_version says how many have been applied, in the same transaction as the last of them.
/// </summary>
static class BillingSchema
{
    // AUTOINCREMENT: an id is never given out twice, not even after a row was deleted; accounts are in stored events.
    static readonly string[] Steps =
    [
        """
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
            name TEXT NOT NULL UNIQUE,
            allows_negative_quantity INTEGER NOT NULL,
            created_at_ms INTEGER NOT NULL) STRICT;
        CREATE TABLE api_keys (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            scopes INTEGER NOT NULL,
            label TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            revoked_at_ms INTEGER) STRICT;
        CREATE INDEX api_keys_by_account ON api_keys (account_id);
        """,
        """
        CREATE TABLE served_log (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id TEXT NOT NULL) STRICT;
        """,
        """
        CREATE TABLE database_identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id TEXT NOT NULL) STRICT;
        INSERT INTO database_identity (one, id) VALUES (1, lower(hex(randomblob(16))));
        """,
        // From here on the whole of billing. One model for every database: amounts are whole minor units, quantities
        // plain decimals as text, instants milliseconds and civil dates days since 1970, accounting months
        // year * 12 + month - 1. What the books say is never changed (law 10): the database refuses it, too.
        """
        CREATE TABLE entities (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            ref TEXT NOT NULL,
            version INTEGER NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            country TEXT NOT NULL,
            tax_id TEXT,
            register_number TEXT,
            email TEXT,
            bank_name TEXT,
            iban TEXT,
            bic TEXT,
            zone TEXT NOT NULL,
            series TEXT NOT NULL,
            is_archived INTEGER NOT NULL,
            changed_at_ms INTEGER NOT NULL,
            UNIQUE (account_id, ref)) STRICT;
        CREATE TABLE customers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            ref TEXT NOT NULL,
            version INTEGER NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            country TEXT NOT NULL,
            tax_id TEXT,
            email TEXT,
            language TEXT NOT NULL,
            is_archived INTEGER NOT NULL,
            changed_at_ms INTEGER NOT NULL,
            UNIQUE (account_id, ref)) STRICT;
        CREATE TABLE products (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            ref TEXT NOT NULL,
            version INTEGER NOT NULL,
            name TEXT NOT NULL,
            unit TEXT NOT NULL,
            is_archived INTEGER NOT NULL,
            changed_at_ms INTEGER NOT NULL,
            UNIQUE (account_id, ref)) STRICT;
        CREATE TABLE contracts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            ref TEXT NOT NULL,
            customer_id INTEGER NOT NULL REFERENCES customers (id),
            zone TEXT NOT NULL,
            latest_version INTEGER NOT NULL,
            created_at_ms INTEGER NOT NULL,
            UNIQUE (account_id, ref)) STRICT;
        CREATE INDEX contracts_by_customer ON contracts (customer_id);
        CREATE TABLE contract_versions (
            contract_id INTEGER NOT NULL REFERENCES contracts (id),
            number INTEGER NOT NULL,
            effective_at_ms INTEGER NOT NULL,
            terms TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            actor TEXT NOT NULL,
            PRIMARY KEY (contract_id, number)) STRICT;
        CREATE TABLE cycles (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            contract_id INTEGER NOT NULL REFERENCES contracts (id),
            line_ref TEXT NOT NULL,
            number INTEGER NOT NULL,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL CHECK (end_ms > start_ms),
            full_start_ms INTEGER NOT NULL,
            full_end_ms INTEGER NOT NULL,
            issue_at_ms INTEGER NOT NULL,
            state INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            UNIQUE (contract_id, line_ref, number)) STRICT;
        CREATE INDEX cycles_by_state ON cycles (state, issue_at_ms);
        CREATE TABLE series_counters (
            entity_id INTEGER NOT NULL REFERENCES entities (id),
            series TEXT NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (entity_id, series)) STRICT;
        CREATE TABLE invoices (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            entity_id INTEGER NOT NULL REFERENCES entities (id),
            customer_id INTEGER NOT NULL REFERENCES customers (id),
            contract_id INTEGER NOT NULL REFERENCES contracts (id),
            state INTEGER NOT NULL,
            series TEXT NOT NULL,
            number INTEGER,
            currency TEXT NOT NULL,
            issue_day INTEGER NOT NULL,
            due_day INTEGER NOT NULL,
            created_at_ms INTEGER NOT NULL,
            issued_at_ms INTEGER,
            net_minor INTEGER NOT NULL,
            tax_minor INTEGER NOT NULL,
            total_minor INTEGER NOT NULL CHECK (total_minor = net_minor + tax_minor),
            paid_minor INTEGER NOT NULL CHECK (paid_minor BETWEEN 0 AND total_minor),
            document TEXT NOT NULL,
            UNIQUE (entity_id, series, number)) STRICT;
        CREATE INDEX invoices_by_account ON invoices (account_id, id);
        CREATE INDEX invoices_by_customer ON invoices (customer_id, state);
        CREATE TABLE charges (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            cycle_id INTEGER NOT NULL REFERENCES cycles (id),
            revision INTEGER NOT NULL,
            invoice_id INTEGER NOT NULL REFERENCES invoices (id),
            generation INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            event_count INTEGER NOT NULL,
            quantity TEXT NOT NULL,
            amount_minor INTEGER NOT NULL,
            currency TEXT NOT NULL,
            UNIQUE (cycle_id, revision)) STRICT;
        CREATE INDEX charges_by_invoice ON charges (invoice_id);
        CREATE TABLE payments (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            entity_id INTEGER NOT NULL REFERENCES entities (id),
            customer_id INTEGER REFERENCES customers (id),
            method TEXT NOT NULL,
            external_id TEXT NOT NULL,
            currency TEXT NOT NULL,
            amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
            free_minor INTEGER NOT NULL CHECK (free_minor BETWEEN 0 AND amount_minor),
            refunded_minor INTEGER NOT NULL CHECK (refunded_minor BETWEEN 0 AND amount_minor),
            fee_minor INTEGER,
            received_day INTEGER NOT NULL,
            recorded_at_ms INTEGER NOT NULL,
            reference TEXT NOT NULL,
            UNIQUE (account_id, method, external_id)) STRICT;
        CREATE INDEX payments_by_customer ON payments (customer_id);
        CREATE TABLE allocations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            payment_id INTEGER NOT NULL REFERENCES payments (id),
            invoice_id INTEGER NOT NULL REFERENCES invoices (id),
            amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
            at_ms INTEGER NOT NULL,
            actor TEXT NOT NULL) STRICT;
        CREATE INDEX allocations_by_payment ON allocations (payment_id);
        CREATE INDEX allocations_by_invoice ON allocations (invoice_id);
        CREATE TABLE payment_attempts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            invoice_id INTEGER NOT NULL REFERENCES invoices (id),
            number INTEGER NOT NULL,
            method TEXT NOT NULL,
            idempotency_key TEXT NOT NULL UNIQUE,
            external_id TEXT,
            url TEXT,
            currency TEXT NOT NULL,
            amount_minor INTEGER NOT NULL,
            state INTEGER NOT NULL,
            reason TEXT,
            created_at_ms INTEGER NOT NULL,
            UNIQUE (invoice_id, number)) STRICT;
        CREATE TABLE notices (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            method TEXT NOT NULL,
            external_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            outcome TEXT NOT NULL,
            received_at_ms INTEGER NOT NULL,
            UNIQUE (method, external_id)) STRICT;
        CREATE TABLE refunds (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            payment_id INTEGER NOT NULL REFERENCES payments (id),
            idempotency_key TEXT NOT NULL UNIQUE,
            external_id TEXT,
            amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
            state INTEGER NOT NULL,
            reason TEXT,
            created_at_ms INTEGER NOT NULL,
            actor TEXT NOT NULL) STRICT;
        CREATE INDEX refunds_by_payment ON refunds (payment_id);
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            entity_id INTEGER NOT NULL REFERENCES entities (id),
            currency TEXT NOT NULL,
            period INTEGER NOT NULL,
            day INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            source TEXT NOT NULL,
            late_of_period INTEGER,
            created_at_ms INTEGER NOT NULL,
            UNIQUE (account_id, source)) STRICT;
        CREATE INDEX entries_by_period ON entries (entity_id, period);
        CREATE TABLE postings (
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            number INTEGER NOT NULL,
            ledger_account INTEGER NOT NULL,
            amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
            customer_id INTEGER,
            invoice_id INTEGER,
            payment_id INTEGER,
            cycle_id INTEGER,
            product_ref TEXT,
            PRIMARY KEY (entry_id, number)) STRICT;
        CREATE INDEX postings_by_cycle ON postings (cycle_id) WHERE cycle_id IS NOT NULL;
        CREATE TABLE closed_periods (
            entity_id INTEGER NOT NULL REFERENCES entities (id),
            period INTEGER NOT NULL,
            closed_at_ms INTEGER NOT NULL,
            positions TEXT NOT NULL,
            actor TEXT NOT NULL,
            PRIMARY KEY (entity_id, period)) STRICT;
        CREATE TRIGGER entries_only_in_open_periods BEFORE INSERT ON entries
            WHEN EXISTS (SELECT 1 FROM closed_periods
                WHERE entity_id = NEW.entity_id AND period >= NEW.period)
            BEGIN SELECT RAISE (ABORT, 'the period is closed'); END;
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            payload TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL) STRICT;
        CREATE TABLE audit_log (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            at_ms INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL) STRICT;
        CREATE INDEX audit_log_by_account ON audit_log (account_id, id);
        """ + NeverChanged("entries") + NeverChanged("postings") + NeverChanged("contract_versions")
            + NeverChanged("closed_periods") + NeverChanged("charges") + NeverChanged("audit_log"),
        // The sweep takes up first what has waited longest. Its indexes hold only what waits.
        """
        ALTER TABLE payments ADD COLUMN tried_at_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE payment_attempts ADD COLUMN tried_at_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE refunds ADD COLUMN tried_at_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE refunds ADD COLUMN renewals INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE refunds ADD COLUMN renewed_at_ms INTEGER NOT NULL DEFAULT 0;
        UPDATE payments SET tried_at_ms = recorded_at_ms;
        UPDATE payment_attempts SET tried_at_ms = created_at_ms;
        UPDATE refunds SET tried_at_ms = created_at_ms;
        CREATE INDEX payments_without_fee ON payments (tried_at_ms) WHERE method = 'card' AND fee_minor IS NULL;
        CREATE INDEX payment_attempts_open ON payment_attempts (tried_at_ms) WHERE state = 1;
        CREATE INDEX refunds_pending ON refunds (tried_at_ms) WHERE state = 0;
        """,
    ];

    /// <summary>Refuses updates and deletions where SQL is written past this program, too.</summary>
    static string NeverChanged(string table) => $"""

        CREATE TRIGGER {table}_never_updated BEFORE UPDATE ON {table}
            BEGIN SELECT RAISE (ABORT, '{table} are never changed'); END;
        CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table}
            BEGIN SELECT RAISE (ABORT, '{table} are never deleted'); END;
        """;

    /// <summary>Brings an open database to the newest version; several processes may try at once.</summary>
    /// <exception cref="BillingSchemaException">The database was made by a newer program.</exception>
    public static async Task ApplyAsync(DbConnection connection, CancellationToken cancellation)
    {
        // Write-ahead: readers (a running server) and a writer (a command) do not wait for each other. It is kept in
        // the file.
        await ExecuteAsync(connection, "PRAGMA journal_mode = WAL", cancellation);
        await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellation);
        try
        {
            var version = Convert.ToInt32(await ScalarAsync(connection, "PRAGMA user_version", cancellation));
            if (version > Steps.Length)
                throw new BillingSchemaException(
                    $"billing.db has schema version {version}; this program knows versions up to {Steps.Length}. "
                    + "Use the newer program that made it.");
            for (var step = version; step < Steps.Length; step++)
                await ExecuteAsync(connection, $"{Steps[step]} PRAGMA user_version = {step + 1}", cancellation);
            await ExecuteAsync(connection, "COMMIT", cancellation);
        }
        catch
        {
            await ExecuteAsync(connection, "ROLLBACK", CancellationToken.None);
            throw;
        }
    }

    static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    static async Task<object?> ScalarAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(cancellation);
    }
}

/// <summary>The database cannot be used by this program; the message says why and what to do.</summary>
public sealed class BillingSchemaException(string message) : Exception(message);

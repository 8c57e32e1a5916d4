-- Version 4 of the embedded usage store: what rating writes. Positions are (partition, generation, "offset", "index");
-- quantities are scaled by 10^12; times are milliseconds since 1970; text is compared by its UTF-8 bytes.
-- There are no primary keys: an index would have to fit DuckDB's memory limit whole. Uniqueness is kept by the single
-- writer, which deletes and inserts by key.

CREATE TABLE IF NOT EXISTS store (
    schema_version INTEGER NOT NULL,
    log_id BLOB NOT NULL,
    generation USMALLINT NOT NULL,
    partition_count INTEGER NOT NULL,
    dedupe_window_ms BIGINT NOT NULL,
    hash_seed BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS progress (
    partition USMALLINT NOT NULL,
    generation USMALLINT NOT NULL,
    next BIGINT NOT NULL,
    last_checksum UBIGINT NOT NULL,
    log_time_ms BIGINT NOT NULL,
    keys_next BIGINT NOT NULL,
    keys_log_time_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS series (
    partition USMALLINT NOT NULL,
    id UHUGEINT NOT NULL,
    account UINTEGER NOT NULL,
    customer_ref VARCHAR NOT NULL,
    product_ref VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    entity_ref VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS totals (
    partition USMALLINT NOT NULL,
    series UHUGEINT NOT NULL,
    "window" INTEGER NOT NULL,
    sum HUGEINT NOT NULL,
    count BIGINT NOT NULL,
    min HUGEINT NOT NULL,
    max HUGEINT NOT NULL,
    last HUGEINT NOT NULL,
    last_at_ms BIGINT NOT NULL,
    generation USMALLINT NOT NULL,
    "offset" BIGINT NOT NULL,
    "index" INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS fates (
    partition USMALLINT NOT NULL,
    generation USMALLINT NOT NULL,
    "offset" BIGINT NOT NULL,
    "index" INTEGER NOT NULL,
    account UINTEGER NOT NULL,
    fate UTINYINT NOT NULL,
    reason UTINYINT NOT NULL,
    event_count INTEGER NOT NULL,
    original_partition USMALLINT,
    original_generation USMALLINT,
    original_offset BIGINT,
    original_index INTEGER
);

CREATE TABLE IF NOT EXISTS names (
    partition USMALLINT NOT NULL,
    account UINTEGER NOT NULL,
    kind UTINYINT NOT NULL,
    ref VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    generation USMALLINT NOT NULL,
    "offset" BIGINT NOT NULL,
    "index" INTEGER NOT NULL,
    time_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS producers (
    partition USMALLINT NOT NULL,
    producer_id UBIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    seen_bits UBIGINT NOT NULL,
    log_time_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS heartbeats (
    partition USMALLINT NOT NULL,
    head BIGINT NOT NULL,
    observed_at_ms BIGINT NOT NULL,
    rated BIGINT NOT NULL
);

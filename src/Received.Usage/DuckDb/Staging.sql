-- Temporary tables of a session: what the caller hands over as rows lands here, by appender, before SQL sees it.

CREATE TEMP TABLE IF NOT EXISTS stage_progress (
    partition USMALLINT, generation USMALLINT, next BIGINT, last_checksum UBIGINT, log_time_ms BIGINT,
    keys_next BIGINT, keys_log_time_ms BIGINT);

CREATE TEMP TABLE IF NOT EXISTS stage_series (
    partition USMALLINT, id UHUGEINT, account UINTEGER, customer_ref VARCHAR, product_ref VARCHAR, currency VARCHAR,
    entity_ref VARCHAR);

CREATE TEMP TABLE IF NOT EXISTS stage_totals (
    partition USMALLINT, series UHUGEINT, "window" INTEGER, sum HUGEINT, count BIGINT, min HUGEINT, max HUGEINT,
    last HUGEINT, last_at_ms BIGINT, generation USMALLINT, "offset" BIGINT, "index" INTEGER);

CREATE TEMP TABLE IF NOT EXISTS stage_fates (
    partition USMALLINT, generation USMALLINT, "offset" BIGINT, "index" INTEGER, account UINTEGER, fate UTINYINT,
    reason UTINYINT, event_count INTEGER, original_partition USMALLINT, original_generation USMALLINT,
    original_offset BIGINT, original_index INTEGER);

CREATE TEMP TABLE IF NOT EXISTS stage_names (
    partition USMALLINT, account UINTEGER, kind UTINYINT, ref VARCHAR, name VARCHAR, generation USMALLINT,
    "offset" BIGINT, "index" INTEGER, time_ms BIGINT);

CREATE TEMP TABLE IF NOT EXISTS stage_producers (
    partition USMALLINT, producer_id UBIGINT, last_number BIGINT, seen_bits UBIGINT, log_time_ms BIGINT);

CREATE TEMP TABLE IF NOT EXISTS stage_heartbeats (
    partition USMALLINT, head BIGINT, observed_at_ms BIGINT, rated BIGINT);

CREATE TEMP TABLE IF NOT EXISTS stage_ids (id UHUGEINT);

CREATE TEMP TABLE IF NOT EXISTS stage_frames (partition USMALLINT, generation USMALLINT, "offset" BIGINT);

CREATE TEMP TABLE IF NOT EXISTS stage_keys (place INTEGER, series UHUGEINT, "window" INTEGER);

CREATE TEMP TABLE IF NOT EXISTS stage_buckets (from_window INTEGER, start_ms BIGINT, end_ms BIGINT);

CREATE TEMP TABLE IF NOT EXISTS stage_ranges (
    number INTEGER, customer_ref VARCHAR, product_ref VARCHAR, from_window INTEGER, to_window INTEGER);

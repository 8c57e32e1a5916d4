-- Version 1 of the usage store and key index in ClickHouse. Applied in order at start, each statement harmless when it
-- is run again. Placeholders (see SchemaText): ${cluster}, ${local}, ${replacing:...}, ${durable}, ${distributed:...}.
--
-- position: generation << 96 | offset << 32 | index + 2^31, one number that orders as positions do; progress has index
-- -2^31, so a row is within a progress exactly if its position is below it. Quantities are scaled by 10^12; times are
-- milliseconds since 1970; text is UTF-8 and compared by its bytes.
--
-- Rows are absolute and carry their position: the engine may keep any number of versions for any time, the newest one
-- counts. partition is the log's; a customer lives in one, so it is also what shards are chosen by.

-- Rating. A flush is first written whole to the journal, one part and so all or nothing; then to the tables below; then
-- its progress. Whoever finds a journal past the progress writes its payloads (blocks in the Native format) again.
CREATE TABLE IF NOT EXISTS journal${local} ${cluster} (
    partition UInt16,
    kind UInt8,
    position UInt128,
    payload String CODEC(LZ4)
) ENGINE = ${replacing:position} ORDER BY (partition, kind) SETTINGS ${durable};
${distributed:journal};

-- kind 0: how far the partition is rated. kind 1: its producers at that position. One insert, one part: both or none.
CREATE TABLE IF NOT EXISTS progress${local} ${cluster} (
    partition UInt16,
    kind UInt8,
    producer_id UInt64,
    position UInt128,
    last_checksum UInt64,
    log_time_ms Int64,
    keys_next Int64,
    keys_log_time_ms Int64,
    last_number Int64,
    seen_bits UInt64
) ENGINE = ${replacing:position} ORDER BY (partition, kind, producer_id) SETTINGS ${durable};
${distributed:progress};

-- since: the progress of the first flush that had the series; rank = 2^128 - 1 - since, so that the earliest is kept.
CREATE TABLE IF NOT EXISTS series${local} ${cluster} (
    partition UInt16,
    id UInt128,
    account UInt32,
    customer_ref String,
    product_ref String,
    currency LowCardinality(String),
    entity_ref LowCardinality(String),
    rank UInt128
) ENGINE = ${replacing:rank} ORDER BY (account, customer_ref, product_ref, currency, entity_ref, partition, id)
SETTINGS ${durable};
${distributed:series};

-- Partitions of 31 days of windows. Rating looks rows up by series and window, totals by the series of an account.
CREATE TABLE IF NOT EXISTS totals${local} ${cluster} (
    partition UInt16,
    series UInt128,
    window Int32,
    position UInt128,
    sum Int128,
    count Int64,
    min Int128,
    max Int128,
    last Int128,
    last_at_ms Int64
) ENGINE = ${replacing:position} PARTITION BY intDiv(toInt64(window) + 2147483648, 2976)
ORDER BY (partition, series, window) SETTINGS index_granularity = 1024, ${durable};
${distributed:totals};

-- original: 0 where there is none.
CREATE TABLE IF NOT EXISTS fates${local} ${cluster} (
    partition UInt16,
    position UInt128,
    account UInt32,
    fate UInt8,
    reason UInt8,
    event_count Int32,
    original_partition UInt16,
    original UInt128
) ENGINE = ${replacing:} ORDER BY (partition, position) SETTINGS ${durable};
${distributed:fates};

CREATE TABLE IF NOT EXISTS names${local} ${cluster} (
    partition UInt16,
    account UInt32,
    kind UInt8,
    ref String,
    name String,
    position UInt128,
    time_ms Int64
) ENGINE = ${replacing:position} ORDER BY (account, kind, ref, partition) SETTINGS ${durable};
${distributed:names};

-- Not synced: a heartbeat that a power cut takes is followed by the next.
CREATE TABLE IF NOT EXISTS heartbeats${local} ${cluster} (
    partition UInt16,
    observed_at_ms Int64,
    version UInt64,
    head Int64,
    rated Int64
) ENGINE = ${replacing:version} ORDER BY partition;
${distributed:heartbeats};

-- Archive. Rows are immutable and keyed by position: what is written twice is the same row. A month of log time is a
-- partition.
CREATE TABLE IF NOT EXISTS archive_progress${local} ${cluster} (
    partition UInt16,
    position UInt128,
    last_checksum UInt64,
    accepted Int64,
    unknown_frames Int64
) ENGINE = ${replacing:position} ORDER BY partition SETTINGS ${durable};
${distributed:archive_progress};

-- accepted: events in all frames up to and including this one (law 3).
CREATE TABLE IF NOT EXISTS frames${local} ${cluster} (
    partition UInt16,
    generation UInt16,
    offset Int64,
    event_count Int32,
    time_ms Int64,
    producer_id UInt64,
    producer_number Int64,
    checksum UInt64,
    broken UInt8,
    accepted Int64
) ENGINE = ${replacing:} PARTITION BY toYYYYMM(fromUnixTimestamp64Milli(time_ms, 'UTC'))
ORDER BY (partition, generation, offset) SETTINGS ${durable};
${distributed:frames};

CREATE TABLE IF NOT EXISTS events${local} ${cluster} (
    partition UInt16,
    generation UInt16,
    offset Int64,
    place Int32 CODEC(Delta, LZ4),
    frame_time_ms Int64 CODEC(Delta, LZ4),
    account UInt32,
    customer_ref LowCardinality(String),
    customer_name LowCardinality(String),
    product_ref LowCardinality(String),
    product_name LowCardinality(String),
    currency LowCardinality(String),
    entity_ref LowCardinality(String),
    timestamp_ms Int64 CODEC(Delta, ZSTD(1)),
    received_at_ms Int64 CODEC(Delta, ZSTD(1)),
    quantity Int128 CODEC(ZSTD(1)),
    key String CODEC(ZSTD(1)),
    data String CODEC(ZSTD(1)),
    INDEX times timestamp_ms TYPE minmax
) ENGINE = ${replacing:} PARTITION BY toYYYYMM(fromUnixTimestamp64Milli(frame_time_ms, 'UTC'))
ORDER BY (partition, generation, offset, place) SETTINGS ${durable};
${distributed:events};

-- Key index. Five days of log time are a partition, dropped when the rating of every log partition in it has said so.
-- Days by themselves would be five times as many parts for each look-up to search: it took twice as long.
CREATE TABLE IF NOT EXISTS keys${local} ${cluster} (
    partition UInt16,
    identity UInt128 CODEC(NONE),
    event_hash UInt64 CODEC(NONE),
    generation UInt16,
    offset Int64,
    place Int32,
    log_time_ms Int64
) ENGINE = ${replacing:} PARTITION BY intDiv(log_time_ms, 432000000)
ORDER BY (partition, identity, generation, offset, place)
SETTINGS index_granularity = 512, min_compress_block_size = 8192, ${durable};
${distributed:keys};

CREATE TABLE IF NOT EXISTS key_horizons${local} ${cluster} (
    partition UInt16,
    before_ms Int64,
    version UInt64
) ENGINE = ${replacing:version} ORDER BY partition SETTINGS ${durable};
${distributed:key_horizons};

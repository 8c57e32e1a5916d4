-- Version 4 of the embedded usage store: the archive, a database file of its own and attached as "archive", because
-- rating's commits would wait for its large ones, and for its checkpoints.

CREATE TABLE IF NOT EXISTS archive.store (
    schema_version INTEGER NOT NULL,
    log_id BLOB NOT NULL,
    generation USMALLINT NOT NULL,
    partition_count INTEGER NOT NULL,
    dedupe_window_ms BIGINT NOT NULL,
    hash_seed BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS archive.progress (
    partition USMALLINT NOT NULL,
    generation USMALLINT NOT NULL,
    next BIGINT NOT NULL,
    last_checksum UBIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    unknown_frames BIGINT NOT NULL
);

-- accepted: events in all frames up to and including this one (law 3). bodies: what of its events nobody
-- searches by, packed by us (ArchiveBodies): as columns of events, their analysis for a checkpoint took most of the
-- archive's time.
CREATE TABLE IF NOT EXISTS archive.frames (
    partition USMALLINT NOT NULL,
    generation USMALLINT NOT NULL,
    "offset" BIGINT NOT NULL,
    event_count INTEGER NOT NULL,
    time_ms BIGINT NOT NULL,
    producer_id UBIGINT NOT NULL,
    producer_number BIGINT NOT NULL,
    checksum UBIGINT NOT NULL,
    broken UTINYINT NOT NULL,
    accepted BIGINT NOT NULL,
    bodies BLOB NOT NULL USING COMPRESSION uncompressed
);

-- References and names of archived events, each triple once, as bytes. kind: 0 customer, 1 product, 2 assertion (ref =
-- entity, name = currency, account 0). id: 128-bit hash of the rest, seeded with the log's seed.
CREATE TABLE IF NOT EXISTS archive.names (
    num INTEGER NOT NULL,
    id UHUGEINT NOT NULL,
    kind UTINYINT NOT NULL,
    account UINTEGER NOT NULL,
    ref BLOB NOT NULL,
    name BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS archive.events (
    partition USMALLINT NOT NULL,
    generation USMALLINT NOT NULL,
    "offset" BIGINT NOT NULL,
    "index" INTEGER NOT NULL,
    account UINTEGER NOT NULL,
    customer INTEGER NOT NULL,
    product INTEGER NOT NULL,
    assertion INTEGER NOT NULL,
    timestamp_ms BIGINT NOT NULL
);

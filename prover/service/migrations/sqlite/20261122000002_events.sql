-- What events about a job are about. What its presentation shows is known once there is one.
CREATE TABLE subjects (
    job TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    -- Who submitted it, and whose request it is.
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- The request's digest.
    request BLOB NOT NULL,
    emergency INTEGER NOT NULL,
    root BLOB,
    handle BLOB,
    key_id BLOB,
    -- Whether the root was superseded since.
    superseded INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX subjects_of_root ON subjects (root) WHERE superseded = 0 AND root IS NOT NULL;
CREATE INDEX subjects_of_handle ON subjects (handle) WHERE handle IS NOT NULL;
CREATE INDEX subjects_of_key ON subjects (key_id, tenant, audience) WHERE key_id IS NOT NULL;

-- What callers are told. Rows are written in the order of their places, and are seen in it.
CREATE TABLE events (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    -- Either a caller's name or an audience; the other is empty.
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    kind INTEGER NOT NULL,
    -- The job, or where on the ledger it happened: nobody is told of one thing twice.
    subject TEXT NOT NULL,
    job TEXT,
    request BLOB,
    -- Microseconds since 1970.
    made INTEGER NOT NULL,
    UNIQUE (tenant, caller, audience, kind, subject)
) STRICT;

CREATE INDEX events_of_caller ON events (tenant, caller, place);
CREATE INDEX events_of_audience ON events (tenant, audience, place);
CREATE INDEX events_made ON events (made);

-- Up to which place a caller's events were taken care of: acknowledged, or made into deliveries.
CREATE TABLE event_readers (
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    means INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (tenant, caller, means)
) STRICT;

-- Events on their way to a caller's webhook.
CREATE TABLE deliveries (
    place INTEGER NOT NULL REFERENCES events (place) ON DELETE CASCADE,
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    -- 1 on its way, 2 given up. What was delivered is deleted.
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Not before.
    due INTEGER NOT NULL,
    PRIMARY KEY (place, tenant, caller)
) STRICT;

CREATE INDEX deliveries_due ON deliveries (tenant, caller, due) WHERE state = 1;

-- How far ledgers were watched.
CREATE TABLE ledgers (
    ledger TEXT PRIMARY KEY NOT NULL,
    cursor TEXT NOT NULL
) STRICT;

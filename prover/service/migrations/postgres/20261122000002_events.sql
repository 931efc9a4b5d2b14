-- What events about a job are about. What its presentation shows is known once there is one.
CREATE TABLE subjects (
    job TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    -- Who submitted it, and whose request it is.
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- The request's digest.
    request BYTEA NOT NULL,
    emergency BIGINT NOT NULL,
    root BYTEA,
    handle BYTEA,
    key_id BYTEA,
    -- Whether the root was superseded since.
    superseded BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX subjects_of_root ON subjects (root) WHERE superseded = 0 AND root IS NOT NULL;
CREATE INDEX subjects_of_handle ON subjects (handle) WHERE handle IS NOT NULL;
CREATE INDEX subjects_of_key ON subjects (key_id, tenant, audience) WHERE key_id IS NOT NULL;

-- What callers are told. Rows are written in the order of their places, and are seen in it.
CREATE TABLE events (
    place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    -- Either a caller's name or an audience; the other is empty.
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    kind BIGINT NOT NULL,
    -- The job, or where on the ledger it happened: nobody is told of one thing twice.
    subject TEXT NOT NULL,
    job TEXT,
    request BYTEA,
    -- Microseconds since 1970.
    made BIGINT NOT NULL,
    UNIQUE (tenant, caller, audience, kind, subject)
);

CREATE INDEX events_of_caller ON events (tenant, caller, place);
CREATE INDEX events_of_audience ON events (tenant, audience, place);
CREATE INDEX events_made ON events (made);

-- Up to which place a caller's events were taken care of: acknowledged, or made into deliveries.
CREATE TABLE event_readers (
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    means BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (tenant, caller, means)
);

-- Events on their way to a caller's webhook.
CREATE TABLE deliveries (
    place BIGINT NOT NULL REFERENCES events (place) ON DELETE CASCADE,
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    -- 1 on its way, 2 given up. What was delivered is deleted.
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Not before.
    due BIGINT NOT NULL,
    PRIMARY KEY (place, tenant, caller)
);

CREATE INDEX deliveries_due ON deliveries (tenant, caller, due) WHERE state = 1;

-- How far ledgers were watched.
CREATE TABLE ledgers (
    ledger TEXT PRIMARY KEY NOT NULL,
    cursor TEXT NOT NULL
);

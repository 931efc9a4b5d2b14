-- What callers see of their jobs. Who works on which, and when, is in the job library's own tables.
CREATE TABLE disclosures (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    -- Who submitted it, and whose request it is.
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    tier INTEGER NOT NULL,
    state INTEGER NOT NULL,
    -- Microseconds since 1970.
    submitted INTEGER NOT NULL,
    begun INTEGER,
    ended INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    -- Sealed to the workers; nothing once the job has ended.
    payload BLOB,
    presentation BLOB
) STRICT;

CREATE INDEX disclosures_of_caller ON disclosures (tenant, caller, submitted, id);
CREATE INDEX disclosures_of_audience ON disclosures (tenant, audience, submitted, id);
CREATE INDEX disclosures_waiting ON disclosures (state) WHERE state IN (1, 2);
CREATE INDEX disclosures_ended ON disclosures (ended);

CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Of what was asked.
    digest BLOB NOT NULL,
    -- Ids, one after the other, separated by commas.
    jobs TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (tenant, caller, key)
) STRICT;

-- What a job is about, as far as who guards askers and consents must know: no fact, and no name of a patient.
ALTER TABLE disclosures ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
ALTER TABLE disclosures ADD COLUMN claim BLOB;
ALTER TABLE disclosures ADD COLUMN request BLOB;
ALTER TABLE disclosures ADD COLUMN pseudonym BLOB;
-- The consent's handle; nothing where no holder consented.
ALTER TABLE disclosures ADD COLUMN consent BLOB;
-- As much work as so many proofs of the smallest tier.
ALTER TABLE disclosures ADD COLUMN work INTEGER NOT NULL DEFAULT 4;
-- Whose turn it is: see store/share.rs.
ALTER TABLE disclosures ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
-- When its presentation was first handed out.
ALTER TABLE disclosures ADD COLUMN released INTEGER;

DROP INDEX disclosures_waiting;
CREATE INDEX disclosures_waiting ON disclosures (state, tenant, work) WHERE state IN (1, 2);
CREATE INDEX disclosures_about ON disclosures (tenant, pseudonym) WHERE pseudonym IS NOT NULL;
CREATE INDEX disclosures_in_turn ON disclosures (turn) WHERE state IN (1, 2);
CREATE INDEX disclosures_on_consent ON disclosures (consent) WHERE consent IS NOT NULL;

-- Where a tenant's turn has come to: see store/share.rs.
CREATE TABLE shares (
    tenant TEXT PRIMARY KEY NOT NULL,
    turn INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    tenant TEXT NOT NULL,
    handle BLOB NOT NULL,
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    purpose TEXT NOT NULL,
    pseudonym BLOB NOT NULL,
    -- Seconds since 1970.
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    -- Microseconds since 1970.
    granted INTEGER NOT NULL,
    used INTEGER,
    -- When it was logged that its time is over.
    expired INTEGER,
    PRIMARY KEY (tenant, handle)
) STRICT;

CREATE INDEX consents_running_out ON consents (not_after) WHERE expired IS NULL;
CREATE INDEX consents_of_tenant ON consents (tenant, granted, handle);
CREATE INDEX consents_of_holder ON consents (tenant, pseudonym, granted, handle);

-- A revocation ends a consent whoever was given it.
CREATE TABLE revoked (
    handle BLOB PRIMARY KEY NOT NULL,
    made INTEGER NOT NULL,
    -- What the ledger is to be told; nothing once it knows.
    secret BLOB
) STRICT;

-- One answer per grant and day.
CREATE TABLE answered (
    tenant TEXT NOT NULL,
    consent BLOB NOT NULL,
    -- Days since 1970.
    day INTEGER NOT NULL,
    request BLOB NOT NULL,
    PRIMARY KEY (tenant, consent, day)
) STRICT;

CREATE TABLE askers (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    since INTEGER NOT NULL,
    suspended INTEGER,
    reason TEXT,
    PRIMARY KEY (tenant, audience)
) STRICT;

CREATE TABLE asker_hours (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- Hours since 1970.
    hour INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    holders INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (tenant, audience, hour)
) STRICT;

CREATE TABLE asker_holders (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    hour INTEGER NOT NULL,
    pseudonym BLOB NOT NULL,
    PRIMARY KEY (tenant, audience, hour, pseudonym)
) STRICT;

-- Which questions an asker put about whom: digests.
CREATE TABLE questions (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    pseudonym BLOB NOT NULL,
    question BLOB NOT NULL,
    concept BLOB NOT NULL,
    asked INTEGER NOT NULL,
    PRIMARY KEY (tenant, audience, pseudonym, question)
) STRICT;

-- The log: a tenant's frontier, the complete nodes of its tree, and its entries, which are what is hashed.
CREATE TABLE log_heads (
    tenant TEXT PRIMARY KEY NOT NULL,
    frontier BLOB NOT NULL
) STRICT;

CREATE TABLE log_nodes (
    tenant TEXT NOT NULL,
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant, level, place)
) STRICT;

CREATE TABLE log_entries (
    tenant TEXT NOT NULL,
    place INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    -- Whose entries it is among.
    pseudonym BLOB,
    audience TEXT,
    PRIMARY KEY (tenant, place)
) STRICT;

CREATE INDEX log_entries_of_patient ON log_entries (tenant, pseudonym, place) WHERE pseudonym IS NOT NULL;
CREATE INDEX log_entries_of_audience ON log_entries (tenant, audience, place) WHERE audience IS NOT NULL;

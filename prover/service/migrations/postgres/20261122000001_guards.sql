-- What a job is about, as far as who guards askers and consents must know: no fact, and no name of a patient.
ALTER TABLE disclosures ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
ALTER TABLE disclosures ADD COLUMN claim BYTEA;
ALTER TABLE disclosures ADD COLUMN request BYTEA;
ALTER TABLE disclosures ADD COLUMN pseudonym BYTEA;
-- The consent's handle; nothing where no holder consented.
ALTER TABLE disclosures ADD COLUMN consent BYTEA;
-- As much work as so many proofs of the smallest tier.
ALTER TABLE disclosures ADD COLUMN work BIGINT NOT NULL DEFAULT 4;
-- Whose turn it is: see store/share.rs.
ALTER TABLE disclosures ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
-- When its presentation was first handed out.
ALTER TABLE disclosures ADD COLUMN released BIGINT;

DROP INDEX disclosures_waiting;
CREATE INDEX disclosures_waiting ON disclosures (state, tenant, work) WHERE state IN (1, 2);
CREATE INDEX disclosures_about ON disclosures (tenant, pseudonym) WHERE pseudonym IS NOT NULL;
CREATE INDEX disclosures_in_turn ON disclosures (turn) WHERE state IN (1, 2);
CREATE INDEX disclosures_on_consent ON disclosures (consent) WHERE consent IS NOT NULL;

-- Where a tenant's turn has come to: see store/share.rs.
CREATE TABLE shares (
    tenant TEXT PRIMARY KEY NOT NULL,
    turn BIGINT NOT NULL
);

CREATE TABLE consents (
    tenant TEXT NOT NULL,
    handle BYTEA NOT NULL,
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    purpose TEXT NOT NULL,
    pseudonym BYTEA NOT NULL,
    -- Seconds since 1970.
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    -- Microseconds since 1970.
    granted BIGINT NOT NULL,
    used BIGINT,
    -- When it was logged that its time is over.
    expired BIGINT,
    PRIMARY KEY (tenant, handle)
);

CREATE INDEX consents_running_out ON consents (not_after) WHERE expired IS NULL;
CREATE INDEX consents_of_tenant ON consents (tenant, granted, handle);
CREATE INDEX consents_of_holder ON consents (tenant, pseudonym, granted, handle);

-- A revocation ends a consent whoever was given it.
CREATE TABLE revoked (
    handle BYTEA PRIMARY KEY NOT NULL,
    made BIGINT NOT NULL,
    -- What the ledger is to be told; nothing once it knows.
    secret BYTEA
);

-- One answer per grant and day.
CREATE TABLE answered (
    tenant TEXT NOT NULL,
    consent BYTEA NOT NULL,
    -- Days since 1970.
    day BIGINT NOT NULL,
    request BYTEA NOT NULL,
    PRIMARY KEY (tenant, consent, day)
);

CREATE TABLE askers (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    since BIGINT NOT NULL,
    suspended BIGINT,
    reason TEXT,
    PRIMARY KEY (tenant, audience)
);

CREATE TABLE asker_hours (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- Hours since 1970.
    hour BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    holders BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (tenant, audience, hour)
);

CREATE TABLE asker_holders (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    hour BIGINT NOT NULL,
    pseudonym BYTEA NOT NULL,
    PRIMARY KEY (tenant, audience, hour, pseudonym)
);

-- Which questions an asker put about whom: digests.
CREATE TABLE questions (
    tenant TEXT NOT NULL,
    audience TEXT NOT NULL,
    pseudonym BYTEA NOT NULL,
    question BYTEA NOT NULL,
    concept BYTEA NOT NULL,
    asked BIGINT NOT NULL,
    PRIMARY KEY (tenant, audience, pseudonym, question)
);

-- The log: a tenant's frontier, the complete nodes of its tree, and its entries, which are what is hashed.
CREATE TABLE log_heads (
    tenant TEXT PRIMARY KEY NOT NULL,
    frontier BYTEA NOT NULL
);

CREATE TABLE log_nodes (
    tenant TEXT NOT NULL,
    level BIGINT NOT NULL,
    place BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (tenant, level, place)
);

CREATE TABLE log_entries (
    tenant TEXT NOT NULL,
    place BIGINT NOT NULL,
    leaf BYTEA NOT NULL,
    -- Whose entries it is among.
    pseudonym BYTEA,
    audience TEXT,
    PRIMARY KEY (tenant, place)
);

CREATE INDEX log_entries_of_patient ON log_entries (tenant, pseudonym, place) WHERE pseudonym IS NOT NULL;
CREATE INDEX log_entries_of_audience ON log_entries (tenant, audience, place) WHERE audience IS NOT NULL;

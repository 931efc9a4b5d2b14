-- One request, and many who consented to it: see store/cohorts.rs.
CREATE TABLE cohorts (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    -- Who submitted it, and whose request it is.
    caller TEXT NOT NULL,
    audience TEXT NOT NULL,
    tier INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    claim BLOB NOT NULL,
    request BLOB NOT NULL,
    -- 1 checked or proved, 2 complete, 3 failed, 4 cancelled.
    state INTEGER NOT NULL,
    -- Microseconds since 1970.
    submitted INTEGER NOT NULL,
    ended INTEGER,
    error TEXT,
    -- The request, sealed; nothing once the cohort has ended.
    payload BLOB,
    -- The registry that all presentations are under.
    root BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    size INTEGER NOT NULL,
    members INTEGER NOT NULL,
    -- In the order of their ids.
    checked INTEGER NOT NULL DEFAULT 0,
    -- Of one proof: as much as so many of the smallest tier.
    work INTEGER NOT NULL
) STRICT;

CREATE INDEX cohorts_of_caller ON cohorts (tenant, caller, submitted, id);
CREATE INDEX cohorts_of_audience ON cohorts (tenant, audience, submitted, id);
CREATE INDEX cohorts_running ON cohorts (tenant, submitted) WHERE state = 1;
CREATE INDEX cohorts_ended ON cohorts (ended);

CREATE TABLE cohort_members (
    cohort TEXT NOT NULL,
    -- Of the job that is made of a member who is eligible.
    id TEXT PRIMARY KEY NOT NULL,
    pseudonym BLOB NOT NULL,
    -- The consent's handle; nothing where no holder consented.
    consent BLOB,
    -- Record and consent, sealed; nothing once they are needed no more.
    payload BLOB
) STRICT;

CREATE INDEX cohort_members_of ON cohort_members (cohort, id);
CREATE INDEX cohort_members_on_consent ON cohort_members (consent) WHERE consent IS NOT NULL;
CREATE INDEX cohort_members_about ON cohort_members (pseudonym);

-- Jobs of a cohort are callers' by their cohort alone.
ALTER TABLE disclosures ADD COLUMN cohort TEXT;
CREATE INDEX disclosures_of_cohort ON disclosures (cohort, state) WHERE cohort IS NOT NULL;

-- Whether its audience sees the lines about it: not where it may not know that there is a consent.
ALTER TABLE consents ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;

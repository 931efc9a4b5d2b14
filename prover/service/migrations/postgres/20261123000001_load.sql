-- Who waits: 10 a person, 0 a cohort.
ALTER TABLE disclosures ADD COLUMN urgency BIGINT NOT NULL DEFAULT 10;

-- Workers, and on how many jobs each works at a time.
CREATE TABLE crew (
    name TEXT PRIMARY KEY NOT NULL,
    hands BIGINT NOT NULL,
    -- When it was last heard of, in microseconds since 1970.
    seen BIGINT NOT NULL
);

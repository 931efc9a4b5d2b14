-- Heads of logs, from before they are published on the ledger.
CREATE TABLE log_anchors (
    tenant TEXT NOT NULL,
    -- What the ledger calls the log.
    log BYTEA NOT NULL,
    -- What it has of the head.
    head BYTEA NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (tenant, log, head)
);

-- Heads of logs, from before they are published on the ledger.
CREATE TABLE log_anchors (
    tenant TEXT NOT NULL,
    -- What the ledger calls the log.
    log BLOB NOT NULL,
    -- What it has of the head.
    head BLOB NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (tenant, log, head)
) STRICT;

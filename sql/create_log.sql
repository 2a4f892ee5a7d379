-- What else is worth knowing about the ledger's migrations. Rows are only ever added.
-- :log  the log's table, qualified and quoted
CREATE TABLE IF NOT EXISTS :log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration_name VARCHAR(255) NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('applied', 'failed', 'started', 'done')),
    statement INTEGER,
    logged_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    checksum TEXT,
    duration_us BIGINT,
    logged_by TEXT NOT NULL DEFAULT SESSION_USER,
    runner TEXT,
    sqlstate TEXT,
    message TEXT
)

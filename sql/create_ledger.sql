-- :ledger  the ledger's table, qualified and quoted
CREATE TABLE IF NOT EXISTS :ledger (
    migration_name VARCHAR(255) PRIMARY KEY,
    applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)

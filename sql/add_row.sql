-- The migration's row, first in its transaction, so that a second runner meets it.
-- :ledger  the ledger's table, qualified and quoted
-- $1  the migration's name
INSERT INTO :ledger (migration_name, applied_at) VALUES ($1, CURRENT_TIMESTAMP AT TIME ZONE 'UTC')

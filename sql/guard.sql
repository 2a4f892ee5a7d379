-- The last statement before COMMIT: fails, with a text that says why, unless the migration's row was written by this very
-- transaction and the runner's lock is still held. A COMMIT hidden in the file, or a dropped ledger, is caught here.
-- It is planned anew for each migration, so it asks the function behind pg_locks, and not for the database, which is this backend's.
-- The same statement notifies those who wait for the migration: the COMMIT delivers it, and a statement of its own would cost more.
-- :ledger  the ledger's table, qualified and quoted
-- :notify  ", pg_catalog.pg_notify($3, $1)"; nothing where this role may not, because the right is asked for whether it is called or not
-- $1  the migration's name
-- $2  the lock's key; null where no session lock is in use, and where the file cannot have released it
-- $3  the channel: the ledger's table, unquoted
SELECT CASE
    WHEN NOT EXISTS (SELECT FROM :ledger
                     WHERE migration_name = $1 AND xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid)
        THEN 'the migration ended the transaction it runs in'
    WHEN $2::bigint IS NOT NULL AND NOT EXISTS (
                     SELECT FROM pg_catalog.pg_lock_status() AS held
                     WHERE locktype = 'advisory' AND granted AND pid = pg_catalog.pg_backend_pid() AND objsubid = 1
                       AND ((classid::bigint << 32) | objid::bigint) = $2::bigint)
        THEN 'the migration released the lock of its runner'
    ELSE '1' END::text::integer AS guard
    :notify

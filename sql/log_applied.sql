-- :log  the log's table, qualified and quoted
-- $1  the migration's name
-- $2  the file's SHA-256
-- $3  who applied it
-- $4  how long it took, in microseconds; null: as long as this transaction
INSERT INTO :log (migration_name, event, checksum, duration_us, runner)
VALUES ($1, 'applied', $2,
        coalesce($4::bigint, round(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000000)::bigint), $3)

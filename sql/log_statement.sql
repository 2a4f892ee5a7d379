-- How far a file got that runs outside a transaction.
-- :log  the log's table, qualified and quoted
-- $1  the migration's name
-- $2  the SHA-256 of the statement, or of the unit that it ends
-- $3  who applies it
-- $4  'started' or 'done'
-- $5  the statement, counted from 1
INSERT INTO :log (migration_name, event, checksum, runner, statement) VALUES ($1, $4, $2, $3, $5::integer)

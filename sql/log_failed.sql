-- :log  the log's table, qualified and quoted
-- $1  the migration's name
-- $2  the file's SHA-256
-- $3  who tried
-- $4  the SQLSTATE, or null
-- $5  the server's message
-- $6  the statement, counted from 1, or null
INSERT INTO :log (migration_name, event, checksum, runner, sqlstate, message, statement)
VALUES ($1, 'failed', $2, $3, $4, $5, $6::integer)

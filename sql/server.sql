-- What the server says of itself. The other looks at a database (reading.sql, state.sql) begin with the same columns.
SELECT pg_backend_pid() AS pid,
       pg_is_in_recovery() AS in_recovery,
       current_setting('transaction_read_only') = 'on' AS read_only,
       current_setting('server_version_num') AS server_version_num

-- Whether the server takes no writes, asked after a ROLLBACK, so that what a file says of its own transaction does not count.
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only

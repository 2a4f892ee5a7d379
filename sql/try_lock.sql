-- $1  the lock's key
SELECT pg_catalog.pg_try_advisory_lock($1::bigint) AS got_it,
       has_function_privilege('pg_catalog.pg_notify(text, text)', 'EXECUTE') AS may_notify,
       current_setting('lock_timeout') <> '0' OR current_setting('statement_timeout') <> '0' AS has_timeouts

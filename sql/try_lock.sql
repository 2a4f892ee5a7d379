-- $1  the lock's key
SELECT pg_catalog.pg_try_advisory_lock($1::bigint) AS got_it,
       has_function_privilege('pg_catalog.pg_notify(text, text)', 'EXECUTE') AS may_notify

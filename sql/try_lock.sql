-- $1  the lock's key
SELECT pg_catalog.pg_try_advisory_lock($1::bigint)

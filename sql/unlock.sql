-- $1  the lock's key
SELECT pg_catalog.pg_advisory_unlock($1::bigint)

-- What the server says of itself and of the ledger, with the reasons why a table of that name may not serve as one; without an
-- error when there is none. Where reading.sql has failed. to_regclass() may see a table that was made a moment ago, after this
-- query's snapshot, which has no columns yet: so a table is there when pg_class has its row.
-- $1  the ledger's schema, or null for the first on the search_path that has it,
--     and for public when the search_path has no schema at all
-- $2  the ledger's table
WITH place AS (
    SELECT coalesce(
        $1::text,
        (SELECT nspname::text FROM pg_catalog.pg_namespace
         WHERE nspname = 'public' AND current_schema() IS NULL AND has_schema_privilege(oid, 'USAGE'))) AS schema
), ledger AS (
    SELECT (SELECT oid FROM pg_catalog.pg_class
            WHERE oid = to_regclass(coalesce(quote_ident(place.schema) || '.', '') || quote_ident($2::text)))
        AS oid
    FROM place
), home AS (
    SELECT coalesce(
        (SELECT nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, ledger
         WHERE c.oid = ledger.oid),
        place.schema,
        current_schema()) AS schema
    FROM place
), log AS (
    SELECT (SELECT oid FROM pg_catalog.pg_class
            WHERE oid = to_regclass(quote_ident(schema) || '.' || quote_ident($2::text || '_log'))) AS oid
    FROM home
)
SELECT pg_backend_pid() AS pid,
       pg_is_in_recovery() AS in_recovery,
       current_setting('transaction_read_only') = 'on' AS read_only,
       current_setting('server_version_num') AS server_version_num,
       home.schema,
       ledger.oid IS NOT NULL AS ledger_exists,
       log.oid IS NOT NULL AS log_exists,
       has_table_privilege(log.oid, 'INSERT') AS log_is_writable,
       EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = home.schema) AS schema_exists,
       CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = home.schema)
            THEN has_schema_privilege(home.schema, 'CREATE')
            ELSE has_database_privilege(current_database(), 'CREATE') END AS may_create,
       current_setting('standard_conforming_strings') = 'on' AS strings_conform,
       (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_catalog.pg_attribute
        WHERE attrelid = ledger.oid AND attnum > 0 AND NOT attisdropped) AS ledger_columns,
       (SELECT count(*) FROM pg_catalog.pg_attribute
        WHERE attrelid = ledger.oid AND attname IN ('migration_name', 'applied_at') AND NOT attisdropped) = 2 AS ledger_is_ours,
       (SELECT count(*) FROM pg_catalog.pg_attribute
        WHERE attrelid = log.oid AND NOT attisdropped
          AND attname IN ('id', 'migration_name', 'event', 'statement', 'checksum', 'duration_us')) = 6 AS log_is_ours,
       has_table_privilege(log.oid, 'SELECT') AS log_is_readable
FROM ledger, home, log

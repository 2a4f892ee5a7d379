-- All that a run with nothing to do needs to know, in one statement that is cheap in a session that was just opened: names are
-- looked up by functions, which ask the server's caches, and not by joins over the catalogue. A query that names an absent table
-- fails when it is parsed, so the tables are named in texts that query_to_xml() runs only where they are there. It fails where the
-- ledger is not one, or may not be read, or the server was built without libxml; then state.sql tells which.
-- $1  the ledger's schema, or null for the first on the search_path that has it,
--     and for public when the search_path has no schema at all
-- $2  the ledger's table
-- $3  ledger_rows.sql, with %s for the table
-- $4  log_rows.sql, likewise
SELECT pg_backend_pid() AS pid,
       pg_is_in_recovery() AS in_recovery,
       current_setting('transaction_read_only') = 'on' AS read_only,
       current_setting('server_version_num') AS server_version_num,
       home.schema,
       ledger IS NOT NULL AS ledger_exists,
       log IS NOT NULL AS log_exists,
       has_table_privilege(log, 'INSERT') AS log_is_writable,
       to_regnamespace(quote_ident(home.schema)) IS NOT NULL AS schema_exists,
       coalesce(has_schema_privilege(to_regnamespace(quote_ident(home.schema)), 'CREATE'),
                has_database_privilege(current_database(), 'CREATE')) AS may_create,
       current_setting('standard_conforming_strings') = 'on' AS strings_conform,
       query_to_xml(CASE WHEN ledger IS NOT NULL THEN format($3, home.prefix || quote_ident($2)) END, false, true, '')::text
           AS ledger_rows,
       query_to_xml(CASE WHEN has_table_privilege(log, 'SELECT') THEN format($4, home.prefix || quote_ident($2 || '_log')) END,
                    false, true, '')::text AS log_rows
FROM (SELECT coalesce($1::text,
                      CASE WHEN current_schema() IS NULL AND has_schema_privilege(to_regnamespace('public'), 'USAGE')
                           THEN 'public' END) AS schema) AS wanted,
     LATERAL (SELECT to_regclass(coalesce(quote_ident(wanted.schema) || '.', '') || quote_ident($2)) AS ledger) AS place,
     LATERAL (SELECT coalesce((pg_identify_object('pg_catalog.pg_class'::regclass, ledger, 0)).schema, wanted.schema,
                              current_schema()) AS schema) AS found,
     LATERAL (SELECT found.schema, quote_ident(found.schema) || '.' AS prefix) AS home,
     LATERAL (SELECT to_regclass(home.prefix || quote_ident($2 || '_log')) AS log) AS log_place

-- The ledger's rows, with what the log knows of each; no rows and no error when there is no ledger, no log, or no right to the log.
-- A query that names an absent table fails when it is parsed, so the tables are named in a text that query_to_xml() runs only where
-- they are there. Names travel as hexadecimal UTF-8, which XML leaves as it is.
-- $1  the ledger's schema, or null for the first on the search_path that has it,
--     and for public when the search_path has no schema at all
-- $2  the ledger's table
WITH place AS (
    SELECT coalesce(
        $1::text,
        (SELECT nspname::text FROM pg_catalog.pg_namespace
         WHERE nspname = 'public' AND current_schema() IS NULL AND has_schema_privilege(oid, 'USAGE'))) AS schema
), ledger AS (
    SELECT to_regclass(coalesce(quote_ident(place.schema) || '.', '') || quote_ident($2::text)) AS oid
    FROM place
), named AS (
    SELECT ledger.oid, format('%I.%I', nspname, relname) AS ledger, format('%I.%I', nspname, relname || '_log') AS log
    FROM ledger JOIN pg_catalog.pg_class c ON c.oid = ledger.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
), usable AS (
    SELECT ledger,
           CASE WHEN has_table_privilege(to_regclass(log), 'SELECT')
                 AND (SELECT count(*) FROM pg_catalog.pg_attribute
                      WHERE attrelid = to_regclass(log) AND NOT attisdropped
                        AND attname IN ('id', 'migration_name', 'event', 'checksum', 'duration_us')) = 5
                THEN format('SELECT DISTINCT ON (migration_name) migration_name, checksum, duration_us FROM %s '
                            'WHERE event = ''applied'' ORDER BY migration_name, id DESC', log)
                ELSE 'SELECT NULL::text AS migration_name, NULL::text AS checksum, NULL::bigint AS duration_us'
           END AS log
    FROM named
    WHERE (SELECT count(*) FROM pg_catalog.pg_attribute
           WHERE attrelid = named.oid AND attname IN ('migration_name', 'applied_at') AND NOT attisdropped) = 2
), packed AS (
    SELECT substring(query_to_xml(
        format('SELECT string_agg(concat_ws(''|'', encode(convert_to(migration_name::text, ''UTF8''), ''hex''), '
               'coalesce(to_char(applied_at, ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''), ''''), '
               'coalesce(checksum, ''''), coalesce(duration_us::text, '''')), '','') AS r '
               'FROM %s LEFT JOIN (%s) AS log USING (migration_name)', ledger, log),
        false, false, '')::text FROM '<r>([^<]*)</r>') AS text
    FROM usable
)
SELECT convert_from(decode(split_part(item, '|', 1), 'hex'), 'UTF8') AS migration_name,
       nullif(split_part(item, '|', 2), '') AS applied_at,
       nullif(split_part(item, '|', 3), '') AS checksum,
       nullif(split_part(item, '|', 4), '') AS duration_us
FROM packed, unnest(string_to_array(packed.text, ',')) AS item

-- How far the files got that are not in the ledger: the log's last word on each of their statements. No rows and no error when a
-- table is absent (see rows.sql for the manner).
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
    SELECT format('%I.%I', nspname, relname) AS ledger, format('%I.%I', nspname, relname || '_log') AS log
    FROM ledger JOIN pg_catalog.pg_class c ON c.oid = ledger.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
), usable AS (
    SELECT ledger, log
    FROM named
    WHERE has_table_privilege(to_regclass(log), 'SELECT')
      AND (SELECT count(*) FROM pg_catalog.pg_attribute
           WHERE attrelid = to_regclass(log) AND NOT attisdropped
             AND attname IN ('id', 'migration_name', 'event', 'statement', 'checksum')) = 5
      AND (SELECT count(*) FROM pg_catalog.pg_attribute
           WHERE attrelid = to_regclass(ledger) AND NOT attisdropped AND attname = 'migration_name') = 1
), packed AS (
    SELECT substring(query_to_xml(
        format('SELECT string_agg(concat_ws(''|'', encode(convert_to(migration_name, ''UTF8''), ''hex''), statement, event, '
               'coalesce(checksum, '''')), '','') AS r '
               'FROM (SELECT DISTINCT ON (migration_name, statement) migration_name, statement, event, checksum FROM %s AS log '
               'WHERE event IN (''started'', ''done'', ''failed'') AND statement IS NOT NULL '
               'AND NOT EXISTS (SELECT FROM %s AS ledger WHERE ledger.migration_name = log.migration_name) '
               'ORDER BY migration_name, statement, id DESC) AS last', log, ledger),
        false, false, '')::text FROM '<r>([^<]*)</r>') AS text
    FROM usable
)
SELECT convert_from(decode(split_part(item, '|', 1), 'hex'), 'UTF8') AS migration_name,
       split_part(item, '|', 2) AS statement,
       split_part(item, '|', 3) AS event,
       nullif(split_part(item, '|', 4), '') AS checksum
FROM packed, unnest(string_to_array(packed.text, ',')) AS item

-- One digest over what a chain leaves behind, and the lines it is made of: the catalogue, every row, and what ledger and log say.
-- Times, durations, numbers of rows in the log and failures that were noted on the way are left out: they may differ.
WITH ours AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
), relation AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relpersistence, c.reloptions, c.relacl, pg_get_userbyid(c.relowner) AS owner
    FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
), line AS (
    SELECT concat_ws(' ', 'schema', nspname) AS line FROM ours
    UNION ALL
    SELECT concat_ws(' ', 'relation', name, relkind, relpersistence, owner, reloptions, relacl) FROM relation
    UNION ALL
    SELECT concat_ws(' ', 'column', name, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
                     pg_get_expr(adbin, adrelid))
    FROM relation JOIN pg_attribute a ON a.attrelid = relation.oid
                  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid, indisready, indislive)
    FROM pg_index JOIN relation ON relation.oid = indexrelid
    UNION ALL
    SELECT concat_ws(' ', 'constraint', name, conname, pg_get_constraintdef(k.oid), convalidated)
    FROM pg_constraint k JOIN relation ON relation.oid = conrelid
    UNION ALL
    SELECT concat_ws(' ', 'view', name, pg_get_viewdef(oid)) FROM relation WHERE relkind = 'v'
    UNION ALL
    SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(g.oid)) FROM pg_trigger g JOIN relation ON relation.oid = tgrelid
    UNION ALL
    SELECT concat_ws(' ', 'function', p.oid::regprocedure, prosrc) FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
    UNION ALL
    SELECT concat_ws(' ', 'type', t.oid::regtype, typtype) FROM pg_type t JOIN ours ON ours.oid = t.typnamespace
    UNION ALL
    SELECT concat_ws(' ', 'rows of', name, query_to_xml(format('SELECT x::text FROM %s AS x ORDER BY 1', name), false, true, ''))
    FROM relation WHERE relkind = 'r' AND name NOT LIKE 'schema\_migrations%'
    UNION ALL
    SELECT concat_ws(' ', 'in the ledger', migration_name, count(*)) FROM schema_migrations GROUP BY migration_name
    UNION ALL
    SELECT concat_ws(' ', 'in the log', migration_name, event, statement, checksum, count(*))
    FROM schema_migrations_log WHERE event IN ('applied', 'done') GROUP BY migration_name, event, statement, checksum
    UNION ALL
    SELECT concat_ws(' ', 'begun and not ended', migration_name, statement)
    FROM schema_migrations_log WHERE statement IS NOT NULL
    GROUP BY migration_name, statement HAVING (array_agg(event ORDER BY id DESC))[1] = 'started'
)
SELECT md5(string_agg(line, E'\n' ORDER BY line COLLATE "C")), string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM line

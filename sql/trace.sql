-- Whether a statement that was started, and of which no end is known, took effect: 'done', 'invalid' (an index that is there and
-- of no use), or no word of it. With it the name of an invalid index, qualified and quoted.
-- $1  what to look for (see include/text/trace.h)
-- $2  its name, as it is written in the statement
-- $3  the table's name, for an index
WITH index AS (
    SELECT i.indisvalid, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE $1::text = 'index' AND i.indrelid = to_regclass($3::text) AND c.relname = (parse_ident($2::text))[1]
), there AS (
    SELECT CASE $1::text
        WHEN 'no index' THEN to_regclass($2::text) IS NOT NULL
        WHEN 'database' THEN EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = (parse_ident($2::text))[1])
        WHEN 'no database' THEN EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = (parse_ident($2::text))[1])
        WHEN 'tablespace' THEN EXISTS (SELECT FROM pg_catalog.pg_tablespace WHERE spcname = (parse_ident($2::text))[1])
        WHEN 'no tablespace' THEN EXISTS (SELECT FROM pg_catalog.pg_tablespace WHERE spcname = (parse_ident($2::text))[1])
        WHEN 'subscription' THEN EXISTS (SELECT FROM pg_catalog.pg_subscription WHERE subname = (parse_ident($2::text))[1])
        WHEN 'no subscription' THEN EXISTS (SELECT FROM pg_catalog.pg_subscription WHERE subname = (parse_ident($2::text))[1])
    END AS it_is
)
SELECT CASE
           WHEN $1::text = 'index' THEN (SELECT CASE WHEN indisvalid THEN 'done' ELSE 'invalid' END FROM index)
           WHEN it_is = ($1::text NOT LIKE 'no %') THEN 'done'
       END AS answer,
       (SELECT name FROM index) AS name
FROM there

-- Who keeps a backend waiting for a lock: the longest at it first, and where there are many, not all of them.
-- $1  the backend's process id
SELECT b.pid,
       a.application_name,
       coalesce(host(a.client_addr), 'local') AS address,
       to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since,
       a.state,
       left(a.query, 200) AS query
FROM (SELECT DISTINCT unnest(pg_catalog.pg_blocking_pids($1::integer)) AS pid) AS b
     LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
ORDER BY a.xact_start
LIMIT 20

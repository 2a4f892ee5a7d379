-- Who keeps a backend waiting for a lock.
-- $1  the backend's process id
SELECT b.pid,
       a.application_name,
       coalesce(host(a.client_addr), 'local') AS address,
       to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since,
       a.state,
       left(a.query, 200) AS query
FROM unnest(pg_catalog.pg_blocking_pids($1::integer)) AS b (pid) LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)

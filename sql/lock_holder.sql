-- Who holds the runners' lock: this backend, another one, or nobody (no row). Of a backend that this role may not look at,
-- backend_start is NULL too, and then so is the address. When it took the lock is nowhere to be read; it holds it for no longer than
-- its session is there, and what else there is of times moves with each of its statements.
-- $1  the lock's key
SELECT l.pid = pg_catalog.pg_backend_pid() AS is_us,
       l.pid,
       a.application_name,
       CASE WHEN a.backend_start IS NOT NULL THEN coalesce(host(a.client_addr), 'local') END AS address,
       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since,
       left(a.query, 200) AS query
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND ((l.classid::bigint << 32) | l.objid::bigint) = $1::bigint

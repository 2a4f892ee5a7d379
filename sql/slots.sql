-- Whether at least half of the connections are in use that a role like this one may have: the server's slots without the reserved
-- ones, and where they are bounded those of the database and of the role. Every role may read what is counted here; autovacuum's
-- workers have no user and physical replication no database, and neither uses such a slot.
SELECT used.of_server * 2 >= most.of_server
       OR (most.of_database >= 0 AND used.of_database * 2 >= most.of_database)
       OR (most.of_role >= 0 AND used.of_role * 2 >= most.of_role) AS is_crowded
FROM (
    SELECT count(*) AS of_server,
           count(*) FILTER (WHERE datname = current_database()) AS of_database,
           count(*) FILTER (WHERE usename = session_user) AS of_role
    FROM pg_catalog.pg_stat_activity
    WHERE datid IS NOT NULL AND usesysid IS NOT NULL
) AS used, (
    SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
               - coalesce(current_setting('reserved_connections', true), '0')::integer AS of_server,
           (SELECT datconnlimit FROM pg_catalog.pg_database WHERE datname = current_database()) AS of_database,
           (SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = session_user) AS of_role
) AS most

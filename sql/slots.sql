-- Whether at least half of the connections are in use that a role like this one may have: the server's slots without the reserved
-- ones, and where they are bounded those of the database and of the role. Every role may read what is counted here; autovacuum's
-- workers have no user and physical replication no database, and neither uses such a slot. The function is asked and not the view
-- pg_stat_activity: a thousand may ask this, each in a session that was just opened, and there the view's joins cost three times as much.
SELECT used.of_server * 2 >= most.of_server
       OR (base.datconnlimit >= 0 AND used.of_database * 2 >= base.datconnlimit)
       OR (role.rolconnlimit >= 0 AND used.of_role * 2 >= role.rolconnlimit) AS is_crowded
FROM (SELECT oid, datconnlimit FROM pg_catalog.pg_database WHERE datname = current_database()) AS base,
     (SELECT oid, rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = session_user) AS role,
     LATERAL (SELECT count(*) AS of_server,
                     count(*) FILTER (WHERE datid = base.oid) AS of_database,
                     count(*) FILTER (WHERE usesysid = role.oid) AS of_role
              FROM pg_catalog.pg_stat_get_activity(NULL)
              WHERE datid IS NOT NULL AND usesysid IS NOT NULL) AS used,
     LATERAL (SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
                         - coalesce(current_setting('reserved_connections', true), '0')::integer AS of_server) AS most

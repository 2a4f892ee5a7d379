-- How far a standby has replayed the WAL, and how far its primary is as far as the standby knows: what it has received, or what the
-- primary told with it (which a role needs pg_read_all_stats to see). Nothing is known without a running WAL receiver. Of a primary,
-- where it writes. Positions are counted in bytes. The system's identifier tells which primary a standby belongs to.
SELECT system_identifier,
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint AS position,
       CASE WHEN pg_is_in_recovery() THEN
           (SELECT (greatest(pg_last_wal_receive_lsn(), latest_end_lsn) - '0/0'::pg_lsn)::bigint FROM pg_catalog.pg_stat_wal_receiver)
       END AS primary_position,
       CASE WHEN pg_is_in_recovery() THEN
           greatest(round(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000), 0)::bigint
       END AS age_ms
FROM pg_catalog.pg_control_system()

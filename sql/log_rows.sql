-- The log's rows as one text, in no order (see ledger_rows.sql): the checksum of each file that was applied, and how far those got
-- that run outside a transaction.
-- :log   the log's table, qualified and quoted
-- :full  whether to tell how long each took
SELECT string_agg(concat(id, '|', event, '|', statement, '|', CASE WHEN :full THEN duration_us END, '|', checksum, '|',
                         migration_name), E'\x1e') AS packed
FROM :log
WHERE event = 'applied' OR statement IS NOT NULL

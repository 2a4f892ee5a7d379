-- The ledger's rows as one text, because a row of its own for each costs the server three times as much: records end with
-- U+001E, which no file's name may hold; fields with |, of which only the last may hold one itself.
-- :ledger  the ledger's table, qualified and quoted
-- :full    whether to tell the time of each
SELECT string_agg(concat(CASE WHEN :full THEN to_char(applied_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END, '|',
                         migration_name), E'\x1e') AS packed
FROM :ledger

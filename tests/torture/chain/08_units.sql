-- pgusher: transaction=off
INSERT INTO effect VALUES ('08');
DROP INDEX CONCURRENTLY i;
BEGIN;
UPDATE t SET c = c + 1;
COMMIT;

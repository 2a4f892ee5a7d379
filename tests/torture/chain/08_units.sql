-- pgusher: transaction=off
DROP INDEX CONCURRENTLY old;
INSERT INTO effect VALUES ('08');

-- pgusher: transaction=off
--
-- The biggest table must stay writable while its index is built, and PostgreSQL builds an index CONCURRENTLY only outside a
-- transaction. Such a statement gets a file of its own, so that nothing else is left half done if it fails.

CREATE INDEX CONCURRENTLY messages_created_at_idx ON messages (created_at);

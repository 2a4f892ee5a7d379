-- :schema  the ledger's schema, quoted
CREATE SCHEMA IF NOT EXISTS :schema

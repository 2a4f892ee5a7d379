-- What is known of a user, whichever character learned it: "lives_in: Lisbon", "allergic_to: peanuts".

CREATE TABLE facts (
    fact_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id           bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    predicate         text NOT NULL,
    value             text NOT NULL,
    confidence        real NOT NULL DEFAULT 1 CHECK (confidence > 0 AND confidence <= 1),
    source_message_id bigint REFERENCES messages ON DELETE SET NULL,
    valid_from        timestamptz NOT NULL DEFAULT now(),
    valid_to          timestamptz,
    CONSTRAINT facts_valid_range CHECK (valid_to > valid_from)
);

CREATE UNIQUE INDEX facts_current_key ON facts (user_id, predicate, value) WHERE valid_to IS NULL;
CREATE INDEX facts_source_message_id_idx ON facts (source_message_id);

COMMENT ON COLUMN facts.valid_to IS 'When it ceased to be true; NULL while it is';

-- What a character remembers of a user from one conversation to the next.

CREATE TABLE memories (
    memory_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    character_id      bigint NOT NULL REFERENCES characters ON DELETE CASCADE,
    user_id           bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    source_message_id bigint REFERENCES messages ON DELETE SET NULL,
    content           text NOT NULL CHECK (content <> ''),
    importance        smallint NOT NULL DEFAULT 5 CHECK (importance BETWEEN 1 AND 10),
    words             tsvector GENERATED ALWAYS AS (to_tsvector('simple', content)) STORED,
    recalled_at       timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX memories_character_id_user_id_idx ON memories (character_id, user_id, importance DESC);
CREATE INDEX memories_user_id_idx ON memories (user_id);
CREATE INDEX memories_source_message_id_idx ON memories (source_message_id);
CREATE INDEX memories_words_idx ON memories USING gin (words);

COMMENT ON TABLE memories IS 'What a character remembers of a user, in its own words';
COMMENT ON COLUMN memories.importance IS 'From 1, small talk, to 10, never to be forgotten';

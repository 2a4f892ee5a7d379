-- One user and one character, talking.

CREATE TABLE conversations (
    conversation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    character_id    bigint NOT NULL REFERENCES characters,
    title           text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    closed_at       timestamptz,
    CONSTRAINT conversations_closed_after_created CHECK (closed_at >= created_at)
);

CREATE INDEX conversations_user_id_idx ON conversations (user_id, created_at DESC);
CREATE INDEX conversations_character_id_idx ON conversations (character_id);

COMMENT ON COLUMN conversations.title IS 'NULL until somebody, or the character, finds one';

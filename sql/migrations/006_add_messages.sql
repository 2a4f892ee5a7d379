-- What was said, in order. Messages are only ever added.

CREATE TABLE messages (
    message_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id bigint NOT NULL REFERENCES conversations ON DELETE CASCADE,
    speaker         text NOT NULL,
    body            text NOT NULL,
    token_count     integer CHECK (token_count >= 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT messages_speaker_known CHECK (speaker IN ('user', 'character'))
);

CREATE INDEX messages_conversation_id_idx ON messages (conversation_id, message_id);

COMMENT ON TABLE messages IS 'What was said; rows are added and never changed';
COMMENT ON COLUMN messages.token_count IS 'As the language model counted it; NULL for what a user said';

-- The conversations from before the trigger; an empty one counts from its beginning.

UPDATE conversations
SET last_message_at = coalesce(
    (SELECT max(messages.created_at)
     FROM messages
     WHERE messages.conversation_id = conversations.conversation_id),
    created_at)
WHERE last_message_at IS NULL;

ALTER TABLE conversations
    ALTER COLUMN last_message_at SET DEFAULT now(),
    ALTER COLUMN last_message_at SET NOT NULL;

CREATE INDEX conversations_last_message_at_idx ON conversations (user_id, last_message_at DESC);

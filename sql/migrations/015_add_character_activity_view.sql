-- The page that shows how busy the bots are.

CREATE VIEW character_activity AS
SELECT
    characters.character_id,
    characters.name,
    count(DISTINCT conversations.user_id) AS users,
    count(DISTINCT conversations.conversation_id) AS conversations,
    count(messages.message_id) AS messages,
    max(messages.created_at) AS last_message_at
FROM characters
LEFT JOIN conversations USING (character_id)
LEFT JOIN messages USING (conversation_id)
WHERE characters.retired_at IS NULL
GROUP BY characters.character_id, characters.name;

COMMENT ON VIEW character_activity IS 'One row for each character that has not retired';

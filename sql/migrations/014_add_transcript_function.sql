-- What a character is shown of a conversation before it answers. The body is parsed here and now, so that a column it needs
-- cannot be dropped later without a word.

CREATE FUNCTION transcript(wanted_conversation_id bigint, message_limit integer DEFAULT 50)
RETURNS TABLE (message_id bigint, speaker_name text, body text)
LANGUAGE sql
STABLE
BEGIN ATOMIC
    SELECT recent.message_id, recent.speaker_name, recent.body
    FROM (
        SELECT
            messages.message_id,
            CASE messages.speaker
                WHEN 'user' THEN users.display_name
                WHEN 'character' THEN characters.name
                ELSE messages.speaker
            END AS speaker_name,
            messages.body
        FROM messages
        JOIN conversations USING (conversation_id)
        JOIN users USING (user_id)
        JOIN characters USING (character_id)
        WHERE messages.conversation_id = wanted_conversation_id
        ORDER BY messages.message_id DESC
        LIMIT message_limit
    ) AS recent
    ORDER BY recent.message_id;
END;

COMMENT ON FUNCTION transcript(bigint, integer) IS 'The last messages of a conversation, oldest first';

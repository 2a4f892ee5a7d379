-- The first conversation, so that a new installation has something to show.

WITH guest AS (
    INSERT INTO users (handle, display_name)
    VALUES ('guest', 'Guest')
    RETURNING user_id
), opened AS (
    INSERT INTO conversations (user_id, character_id, title, created_at)
    SELECT guest.user_id, characters.character_id, 'A first visit', '2024-07-01 12:00+00'
    FROM guest, characters
    WHERE characters.slug = 'concierge'
    RETURNING conversation_id
)
INSERT INTO messages (conversation_id, speaker, body, created_at)
SELECT opened.conversation_id, said.speaker, said.body, said.created_at
FROM opened,
    (VALUES
        (1, 'character', 'Hello! What brings you here?', timestamptz '2024-07-01 12:00:01+00'),
        (2, 'user', 'I''m only looking; what is there to see?', '2024-07-01 12:00:20+00'),
        (3, 'character', 'The library is upstairs; mind the cat.', '2024-07-01 12:00:22+00')
    ) AS said (turn, speaker, body, created_at)
ORDER BY said.turn;

INSERT INTO memories (character_id, user_id, source_message_id, content, importance)
SELECT conversations.character_id, conversations.user_id, messages.message_id, 'Came to look around.', 2
FROM messages
JOIN conversations USING (conversation_id)
WHERE messages.speaker = 'user';

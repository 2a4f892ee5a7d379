-- Characters use tools now, and what a tool answers is part of the conversation.
--
-- NOT VALID looks at new rows only and so holds its lock for a moment; the next migration looks at the old ones.

ALTER TABLE messages
    DROP CONSTRAINT messages_speaker_known,
    ADD CONSTRAINT messages_speaker_known CHECK (speaker IN ('user', 'character', 'tool')) NOT VALID;

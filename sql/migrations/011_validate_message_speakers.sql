-- Reads the whole table, while others go on writing to it.

ALTER TABLE messages VALIDATE CONSTRAINT messages_speaker_known;

-- Lists of conversations are sorted by this; until now each list asked the messages.

ALTER TABLE conversations ADD COLUMN last_message_at timestamptz;

CREATE FUNCTION note_last_message() RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    UPDATE conversations
    SET last_message_at = greatest(last_message_at, NEW.created_at)
    WHERE conversation_id = NEW.conversation_id;
    RETURN NULL;
END;
$body$;

CREATE TRIGGER messages_note_last_message
    AFTER INSERT ON messages
    FOR EACH ROW EXECUTE FUNCTION note_last_message();

-- Everybody signs in through a chat network now, so we keep no password hashes.
--
-- This file came from another branch that had also taken the number 001. That is fine: migrations run in the byte order of
-- their whole names, and "001_add..." sorts before "001_remove...".

ALTER TABLE users DROP COLUMN password_hash;

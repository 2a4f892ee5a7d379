-- The people who talk to the bots.

CREATE TABLE users (
    user_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle        text NOT NULL,
    display_name  text NOT NULL,
    email         text,
    password_hash text,
    time_zone     text NOT NULL DEFAULT 'UTC',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_handle_form CHECK (handle ~ '^[a-z][a-z0-9_]{1,31}$')
);

CREATE UNIQUE INDEX users_handle_key ON users (handle);
CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE email IS NOT NULL;

COMMENT ON TABLE users IS 'People who talk to the bots, one row each';
COMMENT ON COLUMN users.handle IS 'What others call them, without the @';

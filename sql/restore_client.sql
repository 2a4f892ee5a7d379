-- After RESET ALL behind a pooler: what it has set on this server connection for its client is for the server no default, so that the
-- reset has undone it, and the pooler then takes the server's own for the client's. Most of all the encoding of what is sent next.
-- A parameter of which nothing is known is null, and stays at its default.
-- $1  application_name
-- $2  TimeZone
-- $3  DateStyle
-- $4  IntervalStyle
SELECT pg_catalog.set_config('client_encoding', 'UTF8', false),
       pg_catalog.set_config('application_name', $1, false),
       pg_catalog.set_config('TimeZone', $2, false),
       pg_catalog.set_config('DateStyle', $3, false),
       pg_catalog.set_config('IntervalStyle', $4, false)

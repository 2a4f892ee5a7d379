CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $body$ BEGIN RETURN $$a;b$$ || $x$;$body;$x$; END $body$; SELECT $a$ $b$; $a$; SELECT $$$;$$;

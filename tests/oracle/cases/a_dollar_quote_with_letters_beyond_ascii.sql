SELECT $tág$a;b$tag$;$tág$; SELECT $é$;$é$; DO $日本$ BEGIN; END $日本$; SELECT $_1$;$_1$; SELECT $1a$;

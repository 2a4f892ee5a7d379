SELECT a$b$c FROM t$1; SELECT x$$ AS y$, '$$;' FROM z$$; SELECT 1 AS é$a$; SELECT 2;

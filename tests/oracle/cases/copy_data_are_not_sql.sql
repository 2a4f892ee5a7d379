COPY t (a, b) FROM stdin;
1	it's; $$ /*
\N	\\.
\.x
\.
SELECT 1; COPY (SELECT 1 FROM stdin) TO STDOUT; COPY t FROM '/x'; SELECT 2;

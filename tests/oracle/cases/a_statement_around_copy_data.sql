COPY a FROM stdin; SELECT
1
\.
2;

COPY t FROM stdin;
20	copied	5
21	copied	5
\.

SELECT 0;
copy t from stdin;1--;
\.

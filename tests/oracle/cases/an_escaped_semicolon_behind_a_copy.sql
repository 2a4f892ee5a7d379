copy t from stdin ;\;
1;
\.
SELECT 1; copy t from stdin; SELECT 2 \;
3;
\.
SELECT 4;
$$$$

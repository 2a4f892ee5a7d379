SELECT
1;

SELECT 'a
;b'
;
-- ;
COPY t FROM stdin;
1
\.
SELECT 2;

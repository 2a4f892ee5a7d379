INSERT INTO t SELECT n, 'row' FROM generate_series(1, 9) AS n;

INSERT INTO t SELECT n / (n - 3), 'row' FROM generate_series(1, 9) AS n;

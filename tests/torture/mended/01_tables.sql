CREATE TABLE effect (of text NOT NULL);
CREATE TABLE t (a integer, b text);
CREATE INDEX old ON t (b);
INSERT INTO effect VALUES ('01');

CREATE TABLE effect (of text NOT NULL);
CREATE TABLE t (a integer, b text);
INSERT INTO effect VALUES ('01');

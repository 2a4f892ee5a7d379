BEGIN; CREATE TABLE t (a int); END; create view begin as select 1; create trigger t after insert on begin execute function f(); SELECT 1;

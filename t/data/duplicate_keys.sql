-- Run on ordinary tables and on KalamDB tables by t/054_duplicate_keys.pl, which compares what both print. KEY stands for
-- the name of the key. Rows 1 to 5 are there before each block.

-- in a block the statement says it
BEGIN; INSERT INTO t VALUES (3, 'again'); SELECT 'not reached'; COMMIT;
SELECT count(*) FROM t;
-- a savepoint takes it back
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (3, 'again'); ROLLBACK TO s; INSERT INTO t VALUES (6, 'six'); COMMIT;
SELECT count(*) FROM t;
-- and the rows that came with it
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (7, 'seven'), (2, 'again'), (8, 'eight'); ROLLBACK TO s; SELECT count(*) FROM t; INSERT INTO t VALUES (7, 'later'); COMMIT;
SELECT KEY, v FROM t ORDER BY KEY;
-- of several duplicates the first is named
BEGIN; INSERT INTO t VALUES (9, 'nine'), (4, 'again'), (1, 'again'); COMMIT;
BEGIN; INSERT INTO t SELECT i, 'many' FROM generate_series(20, 1, -1) i; COMMIT;
-- with RETURNING no row comes
BEGIN; INSERT INTO t VALUES (10, 'ten'), (1, 'again') RETURNING KEY; COMMIT;

-- get or create
CREATE FUNCTION get_or_create(wanted int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
	INSERT INTO t VALUES (wanted, 'made');
	RETURN 'made';
EXCEPTION WHEN unique_violation THEN
	SELECT v INTO found FROM t WHERE KEY = wanted;
	RETURN 'found ' || found;
END $$;
SELECT get_or_create(1), get_or_create(30), get_or_create(30);
BEGIN; SELECT get_or_create(i) FROM generate_series(4, 8) i; SELECT get_or_create(31); SELECT get_or_create(31); COMMIT;
SELECT KEY, v FROM t ORDER BY KEY;
-- what the handler sees
DO $$
DECLARE code text; said text;
BEGIN
	INSERT INTO t VALUES (40, 'kept');
	BEGIN
		INSERT INTO t VALUES (41, 'not kept');
		INSERT INTO t VALUES (5, 'again');
		RAISE NOTICE 'not reached';
	EXCEPTION WHEN unique_violation THEN
		GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = PG_EXCEPTION_DETAIL;
		RAISE NOTICE '% %', code, said;
	END;
	INSERT INTO t VALUES (42, 'kept');
END $$;
SELECT KEY FROM t WHERE KEY >= 40 ORDER BY KEY;
-- a function's statement says it where it is
CREATE FUNCTION twice() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1, 'again'); RAISE NOTICE 'not reached'; END $$;
SELECT twice();
CREATE FUNCTION in_sql() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (1, 'again'); SELECT $$;
BEGIN; SELECT in_sql(); COMMIT;
CREATE PROCEDURE steps() LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO t VALUES (50, 'fifty'); COMMIT;
	INSERT INTO t VALUES (50, 'again'); RAISE NOTICE 'not reached'; COMMIT;
END $$;
CALL steps();
SELECT KEY FROM t WHERE KEY >= 50;

-- keys of the transaction itself
BEGIN; INSERT INTO t VALUES (60, 'own'); SAVEPOINT s; INSERT INTO t VALUES (60, 'again'); ROLLBACK TO s; DELETE FROM t WHERE KEY = 60; INSERT INTO t VALUES (60, 'second'); COMMIT;
BEGIN; DELETE FROM t WHERE KEY = 60; INSERT INTO t VALUES (60, 'third'); SAVEPOINT s; INSERT INTO t VALUES (60, 'again'); ROLLBACK TO s; COMMIT;
BEGIN; INSERT INTO t VALUES (1, 'again'); DELETE FROM t WHERE KEY = 1; COMMIT;
BEGIN; SAVEPOINT s; DELETE FROM t WHERE KEY = 1; ROLLBACK TO s; INSERT INTO t VALUES (1, 'again'); COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (61, 'x'); ROLLBACK TO s; SAVEPOINT r; INSERT INTO t VALUES (1, 'again'); ROLLBACK TO r; INSERT INTO t VALUES (61, 'y'); COMMIT;
SELECT KEY, v FROM t WHERE KEY IN (1, 60, 61) ORDER BY KEY;

-- changes of the key
BEGIN; SAVEPOINT s; UPDATE t SET KEY = 2 WHERE KEY = 1; ROLLBACK TO s; SELECT count(*) FROM t WHERE KEY < 3; COMMIT;
BEGIN; DELETE FROM t WHERE KEY = 2; UPDATE t SET KEY = 2 WHERE KEY = 1; SAVEPOINT s; INSERT INTO t VALUES (2, 'again'); ROLLBACK TO s; SELECT KEY, v FROM t WHERE KEY < 3 ORDER BY KEY; ROLLBACK;

-- COPY
BEGIN;
COPY t FROM stdin;
70	copied
3	again
\.
COMMIT;
BEGIN;
SAVEPOINT s;
COPY t (KEY) FROM stdin;
71
4
\.
ROLLBACK TO s;
COPY t FROM stdin;
72	copied
\.
COMMIT;
SELECT KEY FROM t WHERE KEY BETWEEN 70 AND 79;

-- WITH clauses, also those that nobody reads
BEGIN; WITH i AS (INSERT INTO t VALUES (1, 'again') RETURNING KEY) SELECT 'not reached'; COMMIT;
BEGIN; WITH i AS (INSERT INTO t VALUES (80, 'eighty') RETURNING KEY), j AS (INSERT INTO t VALUES (2, 'again')) SELECT KEY FROM i; COMMIT;
BEGIN; WITH i AS (INSERT INTO t VALUES (81, 'x') RETURNING KEY) INSERT INTO log SELECT KEY FROM i; WITH i AS (INSERT INTO t VALUES (81, 'again')) SELECT 1; COMMIT;
SELECT * FROM log;

-- triggers
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE NOTICE '% % %', TG_WHEN, TG_LEVEL, CASE TG_LEVEL WHEN 'ROW' THEN NEW.v END;
	RETURN NEW;
END $$;
CREATE TRIGGER before_row BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tell();
BEGIN; INSERT INTO t VALUES (90, 'first'), (3, 'again'); COMMIT;
CREATE TRIGGER after_row AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER after_statement AFTER INSERT ON t EXECUTE FUNCTION tell();
BEGIN; INSERT INTO t VALUES (90, 'first'); INSERT INTO t VALUES (3, 'again'); COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (3, 'again'); ROLLBACK TO s; INSERT INTO t VALUES (91, 'first') RETURNING v; COMMIT;
BEGIN; WITH i AS (INSERT INTO t VALUES (3, 'again')) SELECT 'not reached'; COMMIT;
BEGIN;
COPY t FROM stdin;
92	copied
4	again
93	never
\.
COMMIT;
DROP TRIGGER before_row ON t;
DROP TRIGGER after_row ON t;
BEGIN;
COPY t FROM stdin;
4	again
\.
COMMIT;
DROP TRIGGER after_statement ON t;
-- a trigger that takes another key
CREATE FUNCTION other_key() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.KEY := NEW.KEY - 100; RETURN NEW; END $$;
CREATE TRIGGER other_key BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION other_key();
BEGIN; INSERT INTO t VALUES (103, 'again'); COMMIT;
BEGIN; INSERT INTO t VALUES (195, 'new') RETURNING KEY; COMMIT;
DROP TRIGGER other_key ON t;
-- a trigger of another table
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	BEGIN INSERT INTO t VALUES (NEW.n, 'follows'); EXCEPTION WHEN unique_violation THEN RAISE NOTICE '% is there', NEW.n; END;
	RETURN NEW;
END $$;
CREATE TRIGGER follow AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION follow();
INSERT INTO log VALUES (96), (5), (96);
DROP TRIGGER follow ON log;

-- partitions
BEGIN; INSERT INTO p VALUES (1, 'a'), (2, 'b'); COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO p VALUES (3, 'c'), (2, 'again'); ROLLBACK TO s; INSERT INTO p VALUES (3, 'c'); COMMIT;
SELECT * FROM p ORDER BY 1;
-- a rule and a view
CREATE VIEW seen AS SELECT KEY, v FROM t WHERE KEY > 2 WITH CHECK OPTION;
BEGIN; INSERT INTO seen VALUES (4, 'again'); COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO seen VALUES (0, 'outside'); ROLLBACK TO s; INSERT INTO seen VALUES (97, 'inside'); COMMIT;
-- prepared
PREPARE ins (int) AS INSERT INTO t VALUES ($1, 'prepared');
BEGIN; SAVEPOINT s; EXECUTE ins (5); ROLLBACK TO s; EXECUTE ins (98); COMMIT;
-- two statements of one message
SELECT 'first' \; INSERT INTO t VALUES (1, 'again') \; SELECT 'not reached';
SELECT KEY, v FROM t ORDER BY KEY;

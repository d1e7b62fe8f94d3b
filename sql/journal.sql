-- A transaction sees its own changes as PostgreSQL's transactions do, and sends them once, when it commits.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_journal;
CREATE SCHEMA heap_journal;
RESET client_min_messages;
\set q '''ktest00000_journal'''
\set all '''SELECT id, v FROM t'''

CREATE TABLE ktest00000_journal.t (id int PRIMARY KEY, v text NOT NULL) USING kalamdb;
CREATE TABLE heap_journal.t (id int PRIMARY KEY, v text NOT NULL);
CREATE TABLE ktest00000_journal.other (id int PRIMARY KEY, v text) USING kalamdb;
CREATE TABLE heap_journal.other (id int PRIMARY KEY, v text);
CREATE TABLE ktest00000_journal.coded (code text PRIMARY KEY, v text) USING kalamdb;
SELECT compare.run(:q, $$INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i$$);

-- Rolled back, committed.
BEGIN;
SELECT compare.run(:q, $$INSERT INTO t VALUES (11, 'new'), (12, 'new')$$);
SELECT compare.run(:q, $$UPDATE t SET v = v || '!' WHERE id IN (1, 11)$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id IN (2, 12)$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id = 11$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id = 2$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id IN (1, 2, 3, 11, 12)$$);
EXPLAIN (COSTS OFF) SELECT * FROM ktest00000_journal.t;
ROLLBACK;
SELECT compare.run(:q, :all);
BEGIN;
SELECT compare.run(:q, $$INSERT INTO t VALUES (11, 'new'), (12, 'new')$$);
SELECT compare.run(:q, $$UPDATE t SET v = v || '!' WHERE id IN (1, 11)$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id IN (2, 12)$$);
COMMIT;
SELECT compare.run(:q, :all);

-- What comes down to nothing, or to something else.
BEGIN;
SELECT compare.run(:q, $$INSERT INTO t VALUES (20, 'here and gone')$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id = 20$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id = 3$$);
SELECT compare.run(:q, $$INSERT INTO t VALUES (3, 'replaced')$$);
SELECT compare.run(:q, $$UPDATE t SET id = id + 100 WHERE id IN (4, 5)$$);
SELECT compare.run(:q, $$UPDATE t SET id = id - 100 WHERE id = 104$$);
SELECT compare.run(:q, :all);
COMMIT;
SELECT compare.run(:q, :all);
-- Keys that move along: each step is free because the row before it has left.
SELECT compare.run(:q, $$UPDATE t SET id = -id$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$UPDATE t SET id = -id$$);

-- Duplicates within a transaction are seen at once.
BEGIN;
INSERT INTO ktest00000_journal.t VALUES (30, 'a');
INSERT INTO ktest00000_journal.t VALUES (30, 'b');
ROLLBACK;
-- One that is stored already when the statement commits, or the block does.
INSERT INTO ktest00000_journal.t VALUES (1, 'duplicate');
BEGIN;
INSERT INTO ktest00000_journal.t VALUES (1, 'duplicate');
COMMIT;
-- Nothing of a statement that fails is stored.
INSERT INTO ktest00000_journal.t VALUES (40, 'lost'), (1, 'duplicate'), (41, 'lost');
SELECT compare.run(:q, :all);

-- Savepoints.
BEGIN;
SELECT compare.run(:q, $$INSERT INTO t VALUES (50, 'kept')$$);
SAVEPOINT a;
SELECT compare.run(:q, $$INSERT INTO t VALUES (51, 'lost')$$);
SELECT compare.run(:q, $$UPDATE t SET v = 'lost' WHERE id IN (1, 50)$$);
SAVEPOINT b;
SELECT compare.run(:q, $$DELETE FROM t WHERE id = 50$$);
RELEASE b;
SELECT compare.run(:q, :all);
ROLLBACK TO a;
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$INSERT INTO t VALUES (51, 'again')$$);
SAVEPOINT c;
SELECT compare.run(:q, $$DELETE FROM t WHERE id = 6$$);
RELEASE c;
COMMIT;
SELECT compare.run(:q, :all);

-- Exception blocks.
CREATE FUNCTION compare.attempt(s text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    EXECUTE s;
    RAISE EXCEPTION 'undo';
  EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
  END;
END $$;
BEGIN;
SELECT compare.attempt($$INSERT INTO ktest00000_journal.t VALUES (60, 'undone')$$);
SELECT compare.attempt($$UPDATE ktest00000_journal.t SET v = 'undone'$$);
SELECT compare.attempt($$INSERT INTO ktest00000_journal.t VALUES (61, 'a'), (61, 'b')$$);
SELECT compare.run(:q, :all);
COMMIT;
SELECT compare.run(:q, :all);

-- A cursor sees what was there when it was opened.
BEGIN;
UPDATE ktest00000_journal.t SET v = 'before' WHERE id = 7;
DECLARE c CURSOR FOR SELECT id, v FROM ktest00000_journal.t WHERE id IN (7, 8, 70) ORDER BY id;
UPDATE ktest00000_journal.t SET v = 'after' WHERE id = 7;
DELETE FROM ktest00000_journal.t WHERE id = 8;
INSERT INTO ktest00000_journal.t VALUES (70, 'after');
FETCH ALL FROM c;
SELECT id, v FROM ktest00000_journal.t WHERE id IN (7, 8, 70) ORDER BY id;
ROLLBACK;

-- A statement does not see its own changes; functions that it calls see those of earlier statements.
SELECT compare.run(:q, $$INSERT INTO t SELECT id + 1000, v FROM t$$);
WITH d AS (DELETE FROM ktest00000_journal.t WHERE id > 1000 RETURNING id)
SELECT (SELECT count(*) FROM d) AS deleted, count(*) AS seen FROM ktest00000_journal.t;
DELETE FROM heap_journal.t WHERE id > 1000;
SELECT compare.run(:q, :all);
DO $$
BEGIN
  FOR i IN 1..5 LOOP
    UPDATE ktest00000_journal.t SET v = v || i WHERE id = 9;
    UPDATE heap_journal.t SET v = v || i WHERE id = 9;
  END LOOP;
END $$;
SELECT compare.run(:q, $$SELECT v FROM t WHERE id = 9$$);

-- Several tables, more rows than one request holds, rows in a temporary file.
SET work_mem = '64kB';
BEGIN;
SELECT compare.run(:q, $$INSERT INTO t SELECT i, repeat(md5(i::text), 20) FROM generate_series(2001, 9000) i$$);
SELECT compare.run(:q, $$INSERT INTO other SELECT id, v FROM t WHERE id % 2 = 0$$);
SELECT compare.run(:q, $$UPDATE t SET v = left(v, 10) WHERE id % 3 = 0$$);
SAVEPOINT s;
SELECT compare.run(:q, $$DELETE FROM t WHERE id % 5 = 0$$);
SELECT compare.run(:q, $$INSERT INTO other SELECT id + 10000, v FROM t WHERE id > 8000$$);
ROLLBACK TO s;
SELECT compare.run(:q, $$SELECT count(*), sum(id), md5(string_agg(v, ',' ORDER BY id)) FROM t$$);
COMMIT;
RESET work_mem;
SELECT compare.run(:q, $$SELECT count(*), sum(id), md5(string_agg(v, ',' ORDER BY id)) FROM t$$);
SELECT compare.run(:q, $$SELECT count(*), sum(id), md5(string_agg(v, ',' ORDER BY id)) FROM other$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id > 2000$$);

-- A row that has gone meanwhile: nothing is applied.
BEGIN;
UPDATE ktest00000_journal.t SET v = 'mine' WHERE id = 7;
SELECT kalam_exec('DELETE FROM ktest00000_journal.t WHERE id = 7') IS NOT NULL AS deleted_by_another;
COMMIT;
BEGIN;
UPDATE ktest00000_journal.t SET v = 'mine' WHERE id = 8;
DELETE FROM ktest00000_journal.t WHERE id = 9;
SELECT kalam_exec('DELETE FROM ktest00000_journal.t WHERE id = 9') IS NOT NULL AS deleted_by_another;
COMMIT;
DELETE FROM heap_journal.t WHERE id IN (7, 9);
SELECT compare.run(:q, :all);

-- What the server cannot commit together is refused at the statement that would need it.
BEGIN;
INSERT INTO ktest00000_journal.coded VALUES ('a', '1'), ('b', '2');
UPDATE ktest00000_journal.coded SET v = '3' WHERE code = 'a';
COMMIT;
SELECT code, v FROM ktest00000_journal.coded ORDER BY code;
BEGIN;
INSERT INTO ktest00000_journal.coded VALUES ('c', '1');
\set VERBOSITY default
UPDATE ktest00000_journal.coded SET v = 'x' WHERE code = 'a';
\set VERBOSITY terse
ROLLBACK;
-- nothing but inserts, more than one request holds
INSERT INTO ktest00000_journal.coded SELECT 'n' || i, repeat('x', 10000) FROM generate_series(1, 500) i;
BEGIN;
UPDATE ktest00000_journal.coded SET v = 'x';
DELETE FROM ktest00000_journal.t WHERE id = 10;
SAVEPOINT s;
INSERT INTO ktest00000_journal.coded VALUES ('c', '1');
ROLLBACK TO s;
COMMIT;
DELETE FROM heap_journal.t WHERE id = 10;
SELECT code, v FROM ktest00000_journal.coded ORDER BY code;
SELECT compare.run(:q, :all);
-- Another foreign table for the same rows.
CREATE FOREIGN TABLE ktest00000_journal.alias (id int, v text) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_journal', "table" 't', table_type 'shared');
BEGIN;
UPDATE ktest00000_journal.t SET v = 'x' WHERE id = 1;
SELECT * FROM ktest00000_journal.alias WHERE id = 1;
ROLLBACK;
-- Two-phase commit.
BEGIN;
UPDATE ktest00000_journal.t SET v = 'x' WHERE id = 1;
PREPARE TRANSACTION 'kalam';
SELECT compare.run(:q, :all);
-- An error while the file of the journal is written: what has been written before cannot be relied on.
SET work_mem = '64kB';
SET temp_file_limit = '256kB';
CREATE TABLE ktest00000_journal.spilled (id int PRIMARY KEY, v text) USING kalamdb;
BEGIN;
INSERT INTO ktest00000_journal.spilled SELECT i, repeat('x', 1000) FROM generate_series(1, 100) i;
SAVEPOINT s;
INSERT INTO ktest00000_journal.spilled SELECT i, repeat('y', 1000) FROM generate_series(101, 1000) i;
ROLLBACK TO s;
SELECT count(*) FROM ktest00000_journal.spilled;
COMMIT;
SELECT count(*) FROM ktest00000_journal.spilled;
RESET temp_file_limit;
RESET work_mem;
DROP TABLE ktest00000_journal.spilled;

DROP FUNCTION compare.attempt;
DROP FOREIGN TABLE ktest00000_journal.alias;
DROP TABLE ktest00000_journal.t;
DROP TABLE ktest00000_journal.other;
DROP TABLE ktest00000_journal.coded;
DROP SCHEMA ktest00000_journal;
SET client_min_messages = warning;
DROP SCHEMA heap_journal CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_journal') IS NOT NULL AS cleaned_up;

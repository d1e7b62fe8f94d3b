-- Schema changes of tables that have rows, in any order with changes of rows: as for ordinary tables.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_filled;
CREATE SCHEMA heap_filled;
RESET client_min_messages;
\set q '''ktest00000_filled'''
\set all '''SELECT t.* FROM t'''

CREATE FUNCTION ktest00000_filled.remote_columns(name text) RETURNS TABLE (column_name text, data_type text, nullable boolean, default_value text) LANGUAGE sql AS $$
  SELECT r.column_name, r.data_type, r.nullable, r.default_value
  FROM jsonb_to_recordset(kalam_exec('SELECT column_name, data_type, nullable, default_value, ordinal FROM system.columns WHERE namespace_id = ''ktest00000_filled'' AND table_name = ''' || name || ''' ORDER BY ordinal LIMIT 100')::jsonb)
    AS r(column_name text, data_type text, nullable boolean, default_value text, ordinal int)
  WHERE r.column_name NOT LIKE E'\\_%' ORDER BY r.ordinal $$;

CREATE TABLE ktest00000_filled.t (id int PRIMARY KEY, a text, b int) USING kalamdb;
CREATE TABLE heap_filled.t (id int PRIMARY KEY, a text, b int);
CREATE SEQUENCE ktest00000_filled.s;
CREATE SEQUENCE heap_filled.s;
SELECT compare.run(:q, $$INSERT INTO t SELECT i, 'r' || i, nullif(i, 3) FROM generate_series(1, 5) i$$);

-- ADD COLUMN: constant, stable, volatile, NOT NULL, generated; several at once
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN c int DEFAULT 5$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN d text NOT NULL DEFAULT 'it''s', ADD COLUMN e text GENERATED ALWAYS AS (a || '!') STORED, ADD COLUMN f numeric(10,2) DEFAULT 1.5$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN g timestamptz DEFAULT '2024-01-02 03:04:05.678901+00', ADD COLUMN h boolean NOT NULL DEFAULT false, ADD COLUMN i int[] DEFAULT '{1,2}'$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN n bigint NOT NULL DEFAULT nextval('s')$$);
SELECT compare.run(:q, $$SELECT count(DISTINCT n), min(n), max(n) FROM t$$);
SELECT compare.run(:q, $$ALTER TABLE t DROP COLUMN n$$);
SELECT compare.run(:q, $$INSERT INTO t (id, a) VALUES (6, 'six')$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN z int NOT NULL$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN z int NOT NULL DEFAULT NULL$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN z int DEFAULT 1 / (SELECT 0)$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN z int DEFAULT 1 / (random() * 0)::int$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN z int DEFAULT 3 CHECK (z > 5)$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN z int DEFAULT (random() * 0)::int CHECK (z > 5)$$);
SELECT compare.run(:q, $$SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'z'$$);
SELECT * FROM ktest00000_filled.remote_columns('t');

-- In one transaction with changes of rows
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET b = 0 WHERE b IS NULL$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN b SET NOT NULL$$);
SELECT compare.run(:q, $$INSERT INTO t (id, b) VALUES (7, 7)$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id = 2$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN j text NOT NULL DEFAULT 'j', ADD COLUMN k int$$);
SELECT compare.run(:q, $$UPDATE t SET k = id, a = a || j WHERE id <> 4$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN j DROP DEFAULT, ALTER COLUMN k SET DEFAULT 9$$);
SELECT compare.run(:q, $$INSERT INTO t (id, b) VALUES (8, 8)$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN k SET NOT NULL$$);
SELECT compare.run(:q, $$UPDATE t SET k = 4 WHERE id = 4$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN k SET NOT NULL$$);
SELECT compare.run(:q, $$INSERT INTO t (id, b, j) VALUES (8, 8, 'jj')$$);
SAVEPOINT s;
SELECT compare.run(:q, $$ALTER TABLE t DROP COLUMN j, ADD COLUMN l int NOT NULL DEFAULT 11$$);
SELECT compare.run(:q, $$INSERT INTO t (id, b) VALUES (9, 9)$$);
SELECT compare.run(:q, $$UPDATE t SET id = 10 WHERE id = 9$$);
SELECT compare.run(:q, $$UPDATE t SET b = -b$$);
SELECT compare.run(:q, :all);
ROLLBACK TO s;
SELECT compare.run(:q, :all);
COMMIT;
SELECT compare.run(:q, :all);
SELECT * FROM ktest00000_filled.remote_columns('t') WHERE column_name NOT BETWEEN 'c' AND 'i';

-- Rolled back
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET b = 1$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN l int NOT NULL DEFAULT 11, ALTER COLUMN b DROP NOT NULL, DROP COLUMN f$$);
SELECT compare.run(:q, $$UPDATE t SET b = NULL, l = 2 WHERE id = 1$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN b SET NOT NULL$$);
SELECT compare.run(:q, :all);
ROLLBACK;
SELECT compare.run(:q, :all);
SELECT * FROM ktest00000_filled.remote_columns('t') WHERE column_name IN ('b', 'f', 'l');

-- NOT NULL that comes and goes
BEGIN;
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN l int NOT NULL DEFAULT 11$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN l DROP NOT NULL$$);
SELECT compare.run(:q, $$UPDATE t SET l = NULL WHERE id = 1$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN l SET NOT NULL$$);
COMMIT;
SELECT * FROM ktest00000_filled.remote_columns('t') WHERE column_name = 'l';
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET l = 1 WHERE id = 1$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN l SET NOT NULL$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN l DROP NOT NULL$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER COLUMN l SET NOT NULL$$);
COMMIT;
SELECT * FROM ktest00000_filled.remote_columns('t') WHERE column_name = 'l';
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET l = 2 WHERE id = 1$$);
SELECT compare.run(:q, $$ALTER TABLE t DROP COLUMN l$$);
SELECT compare.run(:q, $$INSERT INTO t (id, b, j) VALUES (20, 20, '')$$);
COMMIT;
SELECT compare.run(:q, :all);

-- A table that the transaction has made
BEGIN;
CREATE TABLE ktest00000_filled.fresh (id int PRIMARY KEY, a int NOT NULL) USING kalamdb;
CREATE TABLE heap_filled.fresh (id int PRIMARY KEY, a int NOT NULL);
SELECT compare.run(:q, $$INSERT INTO fresh VALUES (1, 1)$$);
SELECT compare.run(:q, $$ALTER TABLE fresh ADD COLUMN b int NOT NULL$$);
SELECT compare.run(:q, $$ALTER TABLE fresh ADD COLUMN b int NOT NULL DEFAULT 2, ADD COLUMN c int$$);
SELECT compare.run(:q, $$ALTER TABLE fresh ALTER COLUMN c SET NOT NULL$$);
SELECT compare.run(:q, $$ALTER TABLE fresh DROP COLUMN a$$);
SELECT compare.run(:q, $$INSERT INTO fresh (id) VALUES (2)$$);
COMMIT;
SELECT compare.run(:q, $$SELECT * FROM fresh$$);

-- After ROLLBACK TO the journal goes on as it was
BEGIN;
SELECT compare.run(:q, $$UPDATE fresh SET b = 3 WHERE id = 1$$);
SAVEPOINT s;
SELECT compare.run(:q, $$ALTER TABLE fresh ADD COLUMN d int NOT NULL DEFAULT 4$$);
ROLLBACK TO s;
SELECT compare.run(:q, $$UPDATE fresh SET b = b + 1$$);
COMMIT;
SELECT compare.run(:q, $$SELECT * FROM fresh$$);

-- ALTER TYPE to what the column is, or what KalamDB's column holds as it is
CREATE TABLE ktest00000_filled.types (id int PRIMARY KEY, i int NOT NULL, v varchar(5), c char(4), n numeric(10,2), m numeric, ts timestamp(3), tz timestamptz(0), j jsonb, u uuid, b bytea, o boolean, ti time, da date, a int[], x interval) USING kalamdb;
CREATE TABLE heap_filled.types (id int PRIMARY KEY, i int NOT NULL, v varchar(5), c char(4), n numeric(10,2), m numeric, ts timestamp(3), tz timestamptz(0), j jsonb, u uuid, b bytea, o boolean, ti time, da date, a int[], x interval);
SELECT compare.run(:q, $$INSERT INTO types SELECT i, i, 'v' || i, 'c', i + 0.25, 1.123, '2024-01-02 03:04:05.678', '2024-01-02 03:04:05+00', '{}', '00000000-0000-0000-0000-000000000001', '\x01', true, '03:04:05', '2024-01-02', '{1}', '1 day' FROM generate_series(1, 2) i$$);
SELECT compare.run(:q, $$ALTER TABLE types ALTER id TYPE int, ALTER i TYPE integer, ALTER v TYPE varchar(5), ALTER c TYPE char(4), ALTER n TYPE decimal(10,2), ALTER m TYPE numeric, ALTER ts TYPE timestamp(3), ALTER tz TYPE timestamptz(0)$$);
SELECT compare.run(:q, $$ALTER TABLE types ALTER j TYPE jsonb, ALTER u TYPE uuid, ALTER b TYPE bytea, ALTER o TYPE boolean, ALTER ti TYPE time, ALTER da TYPE date, ALTER a TYPE int[], ALTER x TYPE interval, ALTER COLUMN n TYPE numeric(10,2) USING n$$);
SELECT compare.run(:q, $$ALTER TABLE types ALTER ts TYPE timestamp(6), ALTER tz TYPE timestamptz, ALTER v TYPE varchar(8), ALTER c TYPE text$$);
SELECT compare.run(:q, $$SELECT types.*, length(c) FROM types$$);
BEGIN;
SELECT compare.run(:q, $$UPDATE types SET v = 'pending', i = -5 WHERE id = 1$$);
SELECT compare.run(:q, $$ALTER TABLE types ALTER v TYPE text$$);
SELECT compare.run(:q, $$ALTER TABLE types ALTER i TYPE bigint$$);
SELECT compare.run(:q, $$SELECT id, v, i FROM types$$);
SELECT compare.run(:q, $$UPDATE types SET i = 9007199254740993, v = 'longer than before' WHERE id = 2$$);
SELECT compare.run(:q, $$INSERT INTO types (id, i) VALUES (3, 9007199254740993)$$);
SAVEPOINT s;
SELECT compare.run(:q, $$SELECT id, v, i FROM types$$);
COMMIT;
SELECT compare.run(:q, $$SELECT id, v, i FROM types$$);
SELECT * FROM ktest00000_filled.remote_columns('types') WHERE column_name IN ('i', 'v');
-- undone
SELECT compare.run(:q, $$ALTER TABLE types ADD COLUMN k int NOT NULL DEFAULT 1$$);
BEGIN;
SELECT compare.run(:q, $$ALTER TABLE types ALTER k TYPE bigint$$);
SELECT compare.run(:q, $$UPDATE types SET k = 9007199254740993$$);
ROLLBACK;
SELECT compare.run(:q, $$SELECT id, k FROM types$$);
SELECT * FROM ktest00000_filled.remote_columns('types') WHERE column_name = 'k';

-- Triggers do not fire, and no right to UPDATE is needed; who alters is who evaluates
\set VERBOSITY default
SET search_path = ktest00000_filled, public;
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trigger'; END $$;
CREATE TRIGGER row_before BEFORE UPDATE ON fresh FOR EACH ROW EXECUTE FUNCTION no();
CREATE TRIGGER row_after AFTER UPDATE ON fresh FOR EACH ROW EXECUTE FUNCTION no();
CREATE TRIGGER statement_before BEFORE UPDATE ON fresh EXECUTE FUNCTION no();
CREATE TRIGGER statement_after AFTER UPDATE ON fresh EXECUTE FUNCTION no();
CREATE ROLE ktest_filled;
GRANT ALL ON SCHEMA ktest00000_filled TO ktest_filled;
GRANT USAGE ON FOREIGN SERVER kalam_server TO ktest_filled;
ALTER TABLE fresh OWNER TO ktest_filled;
REVOKE ALL ON fresh FROM ktest_filled;
SET ROLE ktest_filled;
ALTER TABLE fresh ADD COLUMN made_by text NOT NULL DEFAULT current_user;
RESET ROLE;
SELECT id, made_by FROM fresh ORDER BY id;

-- What is not done
ALTER TABLE fresh ADD COLUMN j int DEFAULT 1, ALTER COLUMN j SET DEFAULT 2;
ALTER TABLE fresh ALTER COLUMN id TYPE bigint;
ALTER TABLE fresh ADD COLUMN j int GENERATED ALWAYS AS (3) STORED;
SET kalam.user_id = 'alice';
CREATE TABLE u (id int PRIMARY KEY, a text) USING kalamdb WITH (type = 'user');
ALTER TABLE u ADD COLUMN b int NOT NULL DEFAULT 1;
BEGIN;
INSERT INTO u VALUES (1, 'x');
ALTER TABLE u ADD COLUMN b int;
ALTER TABLE u ALTER COLUMN b SET DEFAULT 1;
INSERT INTO u VALUES (2, 'y');
SAVEPOINT s;
ALTER TABLE u ALTER COLUMN b SET NOT NULL;
ROLLBACK TO s;
COMMIT;
SELECT id, a, b FROM u ORDER BY id;
BEGIN;
CREATE TABLE u2 (id int PRIMARY KEY, a text) USING kalamdb WITH (type = 'user');
INSERT INTO u2 VALUES (1, 'x');
ALTER TABLE u2 ADD COLUMN b int DEFAULT 1;
ROLLBACK;
RESET kalam.user_id;

SET client_min_messages = warning;
DROP SCHEMA ktest00000_filled, heap_filled CASCADE;
REVOKE ALL ON FOREIGN SERVER kalam_server FROM ktest_filled;
DROP ROLE ktest_filled;
SELECT kalam_exec('DROP NAMESPACE ktest00000_filled CASCADE') IS NOT NULL AS cleaned_up;

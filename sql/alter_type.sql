-- ALTER COLUMN TYPE of tables that have rows: as for ordinary tables.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_type;
CREATE SCHEMA heap_type;
RESET client_min_messages;
\set q '''ktest00000_type'''
\set all '''SELECT t.* FROM t'''

CREATE FUNCTION ktest00000_type.remote_columns(name text) RETURNS TABLE (column_name text, data_type text, nullable boolean, default_value text) LANGUAGE sql AS $$
  SELECT r.column_name, r.data_type, r.nullable, r.default_value
  FROM jsonb_to_recordset(kalam_exec('SELECT column_name, data_type, nullable, default_value, ordinal FROM system.columns WHERE namespace_id = ''ktest00000_type'' AND table_name = ''' || name || ''' ORDER BY ordinal LIMIT 100')::jsonb)
    AS r(column_name text, data_type text, nullable boolean, default_value text, ordinal int)
  WHERE r.column_name NOT LIKE E'\\_%' ORDER BY r.ordinal $$;

CREATE TABLE ktest00000_type.t (id int PRIMARY KEY, a text NOT NULL DEFAULT '5', b int, n numeric(10,2), v varchar(10), c char(6), ts timestamp, k boolean CHECK (k)) USING kalamdb;
CREATE TABLE heap_type.t (id int PRIMARY KEY, a text NOT NULL DEFAULT '5', b int, n numeric(10,2), v varchar(10), c char(6), ts timestamp, k boolean CHECK (k));
SELECT compare.run(:q, $$INSERT INTO t SELECT i, i, nullif(i, 3), i + 0.25, 'v' || i || '  ', 'c' || i, '2024-01-02 03:04:05.678', true FROM generate_series(1, 4) i$$);

-- The same type for KalamDB, and other values
SELECT compare.run(:q, $$ALTER TABLE t ALTER v TYPE varchar(3), ALTER ts TYPE timestamp(0), ALTER c TYPE char(2)$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$ALTER TABLE t ALTER v TYPE varchar(1)$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER v TYPE text USING upper(v) || id$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER v TYPE varchar USING NULL$$);
SELECT compare.run(:q, :all);
SELECT column_name, data_type FROM ktest00000_type.remote_columns('t');

-- Another one
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE int$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE int USING v$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE int USING a::int$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE int USING nosuch$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE int USING count(*)$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE nosuch$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER b TYPE smallint USING b * 100000$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a DROP DEFAULT, ALTER a TYPE int USING a::int * 10, ALTER n TYPE numeric(12,4), ALTER b TYPE text USING 'b' || a || n$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$INSERT INTO t (id) VALUES (5)$$);
SELECT compare.run(:q, $$INSERT INTO t VALUES (5, 50, 'five', 12345.6789, NULL, NULL, NULL, NULL)$$);
SELECT compare.run(:q, $$SELECT id, a, b, n FROM t WHERE a = 50$$);
SELECT compare.run(:q, $$UPDATE t SET a = a + 1 WHERE b = 'five'$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER k TYPE int USING k::int$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER ts TYPE date, ALTER n TYPE double precision, ALTER b TYPE jsonb USING to_jsonb(b), ALTER c TYPE text[] USING ARRAY[c]$$);
SELECT compare.run(:q, :all);
SELECT column_name, data_type, nullable, default_value FROM ktest00000_type.remote_columns('t');

-- In a transaction with changes of rows, and others of the definition
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET a = 222 WHERE id = 2$$);
SELECT compare.run(:q, $$INSERT INTO t (id, a, n) VALUES (6, 66, 0.5)$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id = 1$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE text USING 'x' || a, ALTER n TYPE real$$);
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a SET DEFAULT 'dflt'$$);
SELECT compare.run(:q, $$INSERT INTO t (id) VALUES (7)$$);
SELECT compare.run(:q, $$UPDATE t SET a = a || '!' WHERE id IN (2, 7)$$);
SAVEPOINT s;
SELECT compare.run(:q, $$ALTER TABLE t ALTER a DROP DEFAULT, ALTER a TYPE int USING length(a)$$);
SELECT compare.run(:q, $$UPDATE t SET a = a + 1000, id = id + 100 WHERE id = 6$$);
SELECT compare.run(:q, $$INSERT INTO t (id, a) VALUES (8, 8)$$);
SELECT compare.run(:q, :all);
ROLLBACK TO s;
SELECT compare.run(:q, :all);
SELECT compare.run(:q, $$UPDATE t SET a = a || '?' WHERE id IN (4, 6)$$);
SELECT compare.run(:q, $$ALTER TABLE t RENAME a TO aa$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER aa DROP NOT NULL$$);
SELECT compare.run(:q, $$INSERT INTO t (id, aa) VALUES (9, NULL)$$);
COMMIT;
SELECT compare.run(:q, :all);
SELECT data_type, nullable, default_value FROM ktest00000_type.remote_columns('t') WHERE column_name LIKE 'a\_%' OR column_name LIKE 'n\_%';

-- Undone
BEGIN;
SELECT compare.run(:q, $$ALTER TABLE t ALTER aa DROP DEFAULT, ALTER aa TYPE int USING length(aa)$$);
SELECT compare.run(:q, $$UPDATE t SET aa = 1$$);
SELECT compare.run(:q, :all);
ROLLBACK;
SELECT compare.run(:q, :all);
SELECT count(*) FROM ktest00000_type.remote_columns('t');
SELECT compare.run(:q, $$ALTER TABLE t ALTER aa DROP DEFAULT, ALTER aa TYPE int USING length(aa)$$);
SELECT compare.run(:q, :all);

-- A table that the transaction has made, also in the place of another
BEGIN;
DROP TABLE ktest00000_type.t;
DROP TABLE heap_type.t;
CREATE TABLE ktest00000_type.t (id int PRIMARY KEY, a text NOT NULL) USING kalamdb;
CREATE TABLE heap_type.t (id int PRIMARY KEY, a text NOT NULL);
SELECT compare.run(:q, $$INSERT INTO t VALUES (1, '1'), (2, '2')$$);
SELECT compare.run(:q, $$ALTER TABLE t ADD COLUMN b int NOT NULL DEFAULT 7$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER b TYPE bigint$$);
SELECT compare.run(:q, $$UPDATE t SET b = 9007199254740993 WHERE id = 2$$);
SELECT compare.run(:q, $$ALTER TABLE t ALTER a TYPE int USING a::int$$);
SELECT compare.run(:q, :all);
COMMIT;
SELECT compare.run(:q, :all);
SELECT column_name, data_type, nullable FROM ktest00000_type.remote_columns('t');

-- What is not done
\set VERBOSITY default
SET search_path = ktest00000_type, public;
ALTER TABLE t ALTER id TYPE bigint;
ALTER TABLE t ALTER a TYPE timetz USING '12:00';
ALTER TABLE t ADD COLUMN c text DEFAULT 'c', ADD COLUMN d text;
ALTER TABLE t ALTER c TYPE varchar(1) USING c, ALTER d TYPE int USING length(c);
ALTER TABLE t ALTER _seq TYPE text;
SET kalam.user_id = 'alice';
CREATE TABLE u (id int PRIMARY KEY, a varchar(5), i int) USING kalamdb WITH (type = 'user');
INSERT INTO u VALUES (1, 'a', 1);
ALTER TABLE u ALTER a TYPE text, ALTER i TYPE bigint;
ALTER TABLE u ALTER a TYPE int USING length(a);
ALTER TABLE u ALTER a TYPE varchar(2);
SELECT * FROM u;
RESET kalam.user_id;

SET client_min_messages = warning;
DROP SCHEMA ktest00000_type, heap_type CASCADE;
SELECT kalam_exec('DROP NAMESPACE ktest00000_type CASCADE') IS NOT NULL AS cleaned_up;

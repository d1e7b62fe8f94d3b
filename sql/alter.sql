-- ALTER TABLE on KalamDB tables: both sides change, or neither.
CREATE SCHEMA ktest00000_alter;
SET search_path = ktest00000_alter, public;

CREATE FUNCTION remote_columns(name text) RETURNS TABLE (column_name text, data_type text, nullable boolean, default_value text) LANGUAGE sql AS $$
  SELECT r.column_name, r.data_type, r.nullable, r.default_value
  FROM jsonb_to_recordset(kalam_exec('SELECT column_name, data_type, nullable, default_value, ordinal FROM system.columns WHERE namespace_id = ''ktest00000_alter'' AND table_name = ''' || name || ''' ORDER BY ordinal LIMIT 100')::jsonb)
    AS r(column_name text, data_type text, nullable boolean, default_value text, ordinal int)
  WHERE r.column_name NOT LIKE E'\\_%' ORDER BY r.ordinal $$;

CREATE TABLE t (id int PRIMARY KEY, a text, b int NOT NULL) USING kalamdb;
INSERT INTO t VALUES (1, 'one', 10), (2, NULL, 20);

-- ADD COLUMN
ALTER TABLE t ADD COLUMN c bigint;
ALTER FOREIGN TABLE t ADD COLUMN d numeric(10,2), ADD COLUMN e text;
ALTER TABLE t ADD COLUMN IF NOT EXISTS c bigint;
ALTER TABLE t ADD COLUMN c bigint;
UPDATE t SET c = 9007199254740993, d = 1.5 WHERE id = 1;
INSERT INTO t (id, b, e) VALUES (3, 30, 'three');
SELECT id, a, b, c, d, e FROM t ORDER BY id;
SELECT * FROM remote_columns('t');
-- existing rows get both, and what is rolled back is undone (alter_filled)
BEGIN;
ALTER TABLE t ADD COLUMN f int DEFAULT 5;
ROLLBACK;
ALTER TABLE t ADD COLUMN f int NOT NULL;
BEGIN;
ALTER TABLE t ADD COLUMN f int GENERATED ALWAYS AS (id * 2) STORED;
SELECT id, f FROM t ORDER BY id;
ROLLBACK;
BEGIN;
ALTER TABLE t ADD COLUMN f serial;
SELECT count(DISTINCT f) FROM t;
ROLLBACK;
ALTER TABLE t ADD COLUMN f pg_database[];
ALTER TABLE t ADD COLUMN f int PRIMARY KEY;
ALTER TABLE t ADD COLUMN "f-g" int;
ALTER TABLE t ADD COLUMN "limit" int;
ALTER TABLE t ADD COLUMN limit_ int;
ALTER TABLE t DROP COLUMN "f-g", DROP COLUMN "limit";
ALTER TABLE t ADD COLUMN _f int;
CREATE TABLE empty (id int PRIMARY KEY) USING kalamdb;
ALTER TABLE empty ADD COLUMN f int NOT NULL DEFAULT 5, ADD COLUMN g text DEFAULT 'x';
ALTER TABLE empty ADD COLUMN "isNew" boolean;
INSERT INTO empty VALUES (1);
SELECT id, f, g, "isNew" FROM empty;
SELECT * FROM remote_columns('empty');
-- a word that the server takes for a function in an expression
CREATE TABLE words (id int PRIMARY KEY) USING kalamdb;
INSERT INTO words VALUES (1);
ALTER TABLE words ADD COLUMN "user" text;
UPDATE words SET "user" = 'me';
SELECT id, "user" FROM words;

-- NOT NULL
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
ALTER TABLE t ALTER COLUMN b DROP NOT NULL;
INSERT INTO t (id) VALUES (4);
SELECT id, b FROM t WHERE b IS NULL;
ALTER TABLE t ALTER COLUMN b SET NOT NULL;
DELETE FROM t WHERE id = 4;
ALTER TABLE t ALTER COLUMN b SET NOT NULL;
INSERT INTO t (id) VALUES (4);
ALTER TABLE t ALTER COLUMN b SET NOT NULL, ALTER COLUMN b DROP NOT NULL;
ALTER TABLE t ALTER COLUMN id DROP NOT NULL;
SELECT * FROM remote_columns('t');

-- Defaults
ALTER TABLE t ALTER COLUMN a SET DEFAULT 'dflt', ALTER COLUMN c SET DEFAULT 7, ALTER COLUMN d SET DEFAULT abs(-3);
INSERT INTO t (id, b) VALUES (5, 50);
SELECT id, a, c, d IS NOT NULL AS d FROM t WHERE id = 5;
SELECT * FROM remote_columns('t');
ALTER TABLE t ALTER COLUMN a DROP DEFAULT, ALTER COLUMN d DROP DEFAULT, ALTER COLUMN c SET DEFAULT abs(-3);
INSERT INTO t (id, b, c) VALUES (6, 60, 6);
SELECT id, a, c FROM t WHERE id = 6;
SELECT * FROM remote_columns('t');

-- DROP COLUMN
ALTER TABLE t DROP COLUMN e;
ALTER TABLE t DROP COLUMN IF EXISTS e;
ALTER TABLE t DROP COLUMN e;
ALTER TABLE t DROP COLUMN id;
SELECT id, a, b, c, d FROM t ORDER BY id;
SELECT * FROM remote_columns('t');
-- KalamDB still has the values
ALTER TABLE t ADD COLUMN e text;
SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'e';
SELECT count(*) FROM remote_columns('t') WHERE column_name = 'e';

-- Transactions
BEGIN;
ALTER TABLE t ADD COLUMN g int, DROP COLUMN d, ALTER COLUMN b DROP NOT NULL, ALTER COLUMN a SET DEFAULT 'x';
INSERT INTO t (id, g) VALUES (7, 70);
SELECT id, a, b, g FROM t WHERE id = 7;
ROLLBACK;
SELECT * FROM remote_columns('t');
SELECT count(*), count(d) FROM t;
BEGIN;
ALTER TABLE t ADD COLUMN g int;
SAVEPOINT s;
ALTER TABLE t ADD COLUMN h int, DROP COLUMN d;
ROLLBACK TO s;
INSERT INTO t (id, b, g) VALUES (8, 80, 88);
COMMIT;
SELECT * FROM remote_columns('t');
SELECT id, d, g FROM t WHERE id = 8;
BEGIN;
INSERT INTO t (id, b) VALUES (9, 90);
ALTER TABLE t ADD COLUMN i int;
ROLLBACK;
BEGIN;
CREATE TABLE fresh (id int PRIMARY KEY) USING kalamdb;
ALTER TABLE fresh ADD COLUMN a int NOT NULL DEFAULT 1;
INSERT INTO fresh VALUES (1);
ALTER TABLE fresh DROP COLUMN a;
COMMIT;
BEGIN;
CREATE TABLE gone (id int PRIMARY KEY, a int) USING kalamdb;
ALTER TABLE gone ADD COLUMN b int, DROP COLUMN a;
DROP TABLE gone;
COMMIT;
SELECT * FROM remote_columns('gone');
DO $$ BEGIN
  ALTER TABLE t ADD COLUMN i int;
  RAISE EXCEPTION 'no';
EXCEPTION WHEN raise_exception THEN NULL; END $$;
SELECT count(*) FROM remote_columns('t') WHERE column_name = 'i';
BEGIN;
ALTER TABLE t ADD COLUMN i int;
PREPARE TRANSACTION 'x';

-- User tables: rows of others cannot be seen
SET kalam.user_id = 'alice';
CREATE TABLE u (id int PRIMARY KEY, a text) USING kalamdb WITH (type = 'user');
INSERT INTO u VALUES (1, 'x');
ALTER TABLE u ADD COLUMN b int NOT NULL DEFAULT 1;
ALTER TABLE u ADD COLUMN b int;
ALTER TABLE u ALTER COLUMN a SET NOT NULL;
SELECT id, a, b FROM u;
RESET kalam.user_id;

-- Rights, parents, other names
CREATE ROLE ktest_alter;
GRANT USAGE ON SCHEMA ktest00000_alter TO ktest_alter;
SET ROLE ktest_alter;
ALTER TABLE t ADD COLUMN x int;
RESET ROLE;
CREATE TABLE parent (id int NOT NULL, a text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE part PARTITION OF parent FOR VALUES IN (1) SERVER kalam_server OPTIONS (table 't');
CREATE FOREIGN TABLE other (id int NOT NULL, word text OPTIONS (column_name 'a')) SERVER kalam_server OPTIONS (table 't');
ALTER TABLE other ADD COLUMN g int;
ALTER TABLE other ALTER COLUMN word SET DEFAULT 'w';
ALTER TABLE other ADD COLUMN n int OPTIONS (column_name 'number');
SELECT column_name, default_value FROM remote_columns('t') WHERE column_name IN ('a', 'number', 'n');
ALTER TABLE t ALTER COLUMN a TYPE varchar;
ALTER TABLE IF EXISTS nosuch ADD COLUMN a int;

REVOKE ALL ON SCHEMA ktest00000_alter FROM ktest_alter;
DROP ROLE ktest_alter;
DROP FOREIGN TABLE other;
DROP TABLE t, u, empty, words, fresh;
DROP TABLE parent;
DROP SCHEMA ktest00000_alter CASCADE;
SELECT kalam_exec('DROP NAMESPACE ktest00000_alter CASCADE') IS NOT NULL AS cleaned_up;

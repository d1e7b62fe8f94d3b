-- DROP and CREATE of one name in a transaction: the old table stays until COMMIT, the new one is there at once.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_recreate;
SET search_path = ktest00000_recreate, public;
RESET client_min_messages;
-- What KalamDB has, whatever PostgreSQL shows: its tables, and columns of table t
CREATE VIEW remote_tables AS SELECT string_agg(x->>'table_name', ' ') AS tables FROM CAST(kalam_exec($$SELECT table_name FROM system.tables WHERE namespace_id = 'ktest00000_recreate' ORDER BY table_name LIMIT 100$$) AS json) r, json_array_elements(CASE json_typeof(r) WHEN 'array' THEN r ELSE '[]' END) x;
CREATE VIEW remote_columns AS SELECT string_agg(x->>'column_name', ' ') AS columns FROM json_array_elements(kalam_exec($$SELECT column_name FROM system.columns WHERE namespace_id = 'ktest00000_recreate' AND table_name = 't' ORDER BY ordinal LIMIT 100$$)::json) x;

CREATE TABLE t (id int PRIMARY KEY, a text) USING kalamdb;
INSERT INTO t VALUES (1, 'old'), (2, 'old');

-- The new table is read from the transaction's own rows; ROLLBACK leaves the old one as it was
BEGIN;
UPDATE t SET a = 'changed' WHERE id = 1;
DROP TABLE t;
CREATE TABLE t (id int PRIMARY KEY, b int NOT NULL DEFAULT 7) USING kalamdb;
SELECT * FROM t;
INSERT INTO t (id) VALUES (1), (3) RETURNING *;
INSERT INTO t VALUES (5, 9), (6, 1);
UPDATE t SET b = b + 1 WHERE id = 5 RETURNING *;
DELETE FROM t WHERE id = 6;
SELECT * FROM t ORDER BY id;
SELECT b FROM t WHERE id = 5;
SELECT b FROM t WHERE id IN (2, 3, 4);
SELECT count(*) FROM t;
SELECT g, t.b FROM generate_series(1, 3) g LEFT JOIN t ON t.id = g ORDER BY g;
SELECT id FROM t WHERE id = 3 FOR UPDATE;
INSERT INTO t VALUES (5, 0), (8, 0) ON CONFLICT (id) DO UPDATE SET b = t.b * 2 RETURNING *;
INSERT INTO t VALUES (5, 0) ON CONFLICT DO NOTHING;
ANALYZE t;
SELECT columns FROM remote_columns;
SELECT tables FROM remote_tables;
ROLLBACK;
SELECT id, a FROM t ORDER BY id;

-- COMMIT replaces it
BEGIN;
DROP TABLE IF EXISTS t;
CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, b int NOT NULL DEFAULT 7) USING kalamdb;
INSERT INTO t (id) VALUES (1);
INSERT INTO t VALUES (5, 9);
COMMIT;
SELECT * FROM t ORDER BY id;
SELECT columns FROM remote_columns;
UPDATE t SET b = 0 WHERE id = 5 RETURNING *;
-- a key that is inserted twice is an error before anything is lost
BEGIN;
DROP TABLE t;
CREATE TABLE t (id int PRIMARY KEY, c int) USING kalamdb;
INSERT INTO t VALUES (1, 1);
INSERT INTO t VALUES (1, 2);
COMMIT;
SELECT * FROM t ORDER BY id;
-- as one simple query, with CREATE FOREIGN TABLE
DROP FOREIGN TABLE t\; CREATE FOREIGN TABLE t (id int NOT NULL, c text) SERVER kalam_server\; INSERT INTO t VALUES (1, 'c')\; SELECT id, c FROM t;
SELECT id, c FROM t;
SELECT columns FROM remote_columns;
-- in a DO block and in a function
DO $$ BEGIN DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, d text) USING kalamdb; INSERT INTO t VALUES (1, 'd'); END $$;
SELECT * FROM t;
CREATE FUNCTION again() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, f int) USING kalamdb; INSERT INTO t SELECT g, g FROM generate_series(1, 4) g; RETURN (SELECT sum(f) FROM t); END $$;
SELECT again();
SELECT again();
SELECT * FROM t ORDER BY id;
-- a prepared statement follows
PREPARE all_of_t AS SELECT count(*), max(f) FROM t;
PREPARE one_of_t (int) AS SELECT f FROM t WHERE id = $1;
EXECUTE all_of_t;
EXECUTE one_of_t (2);
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, f int) USING kalamdb; INSERT INTO t VALUES (2, 200); EXECUTE all_of_t; EXECUTE one_of_t (2); COMMIT;
EXECUTE all_of_t;
EXECUTE one_of_t (2);
-- AS a query, which may be of the old table
BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT id, f FROM t; DROP TABLE t; CREATE TABLE t USING kalamdb AS SELECT id, f AS g, 'x' AS x FROM kept; SELECT id, g, x FROM t; COMMIT;
SELECT id, g, x FROM t;

-- Several rounds: the last one counts
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, r1 int) USING kalamdb; INSERT INTO t VALUES (1, 1); DROP TABLE t; SELECT count(*) FROM pg_class WHERE relname = 't' AND relnamespace = 'ktest00000_recreate'::regnamespace;
CREATE TABLE t (id int PRIMARY KEY, r2 int) USING kalamdb; SELECT * FROM t; INSERT INTO t VALUES (2, 2); SELECT * FROM t; COMMIT;
SELECT * FROM t;
SELECT columns FROM remote_columns;
-- made by the transaction itself
BEGIN; CREATE TABLE fresh (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO fresh VALUES (1, 1); DROP TABLE fresh; CREATE TABLE fresh (id int PRIMARY KEY, b int) USING kalamdb; INSERT INTO fresh VALUES (2, 2); SELECT * FROM fresh; ROLLBACK;
SELECT tables FROM remote_tables;
BEGIN; CREATE TABLE fresh (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO fresh VALUES (1, 1); DROP TABLE fresh; CREATE TABLE fresh (id int PRIMARY KEY, b int) USING kalamdb; INSERT INTO fresh VALUES (2, 2); COMMIT;
SELECT * FROM fresh;
-- and dropped at last
BEGIN; DROP TABLE fresh; CREATE TABLE fresh (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO fresh VALUES (1, 1); DROP TABLE fresh; COMMIT;
SELECT tables FROM remote_tables;
-- Savepoints
BEGIN; DROP TABLE t; SAVEPOINT s; CREATE TABLE t (id int PRIMARY KEY, s1 int) USING kalamdb; INSERT INTO t VALUES (1, 1); ROLLBACK TO s; CREATE TABLE t (id int PRIMARY KEY, s2 int) USING kalamdb; INSERT INTO t VALUES (2, 2); SELECT * FROM t; ROLLBACK;
SELECT * FROM t;
BEGIN; SAVEPOINT s; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, s1 int) USING kalamdb; INSERT INTO t VALUES (1, 1); ROLLBACK TO s; SELECT * FROM t; INSERT INTO t VALUES (3, 3); COMMIT;
SELECT * FROM t ORDER BY id;
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, s1 int) USING kalamdb; INSERT INTO t VALUES (1, 1); SAVEPOINT s; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, s2 int) USING kalamdb; INSERT INTO t VALUES (2, 2); ROLLBACK TO s; SELECT * FROM t; INSERT INTO t VALUES (3, 3); COMMIT;
SELECT * FROM t ORDER BY id;
SELECT columns FROM remote_columns;

-- ALTER and TRUNCATE of the new table
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int, gone int) USING kalamdb;
ALTER TABLE t ADD COLUMN b text NOT NULL;
ALTER TABLE t DROP COLUMN gone;
SAVEPOINT s; ALTER TABLE t ADD COLUMN undone text; INSERT INTO t VALUES (9, 9, 'nine', 'u'); ROLLBACK TO s;
ALTER TABLE t ALTER COLUMN a SET NOT NULL, ALTER COLUMN a SET DEFAULT 5;
INSERT INTO t (id, b) VALUES (1, 'one');
TRUNCATE t;
SELECT * FROM t;
INSERT INTO t (id, b) VALUES (2, 'two');
SELECT * FROM t;
COMMIT;
SELECT id, a, b FROM t;
SELECT columns FROM remote_columns;
INSERT INTO t (id) VALUES (4);
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; ALTER TABLE t RENAME TO renamed; INSERT INTO renamed VALUES (1, 1); COMMIT;
SELECT * FROM renamed;
ALTER TABLE renamed RENAME TO t;

-- A change of it that waits for COMMIT, in an aborted and in another subtransaction
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 1, b int) USING kalamdb;
SAVEPOINT s; ALTER TABLE t DROP COLUMN b; SELECT * FROM t; ROLLBACK TO s;
ALTER TABLE t ALTER COLUMN b SET DEFAULT 2; INSERT INTO t (id) VALUES (1); SELECT * FROM t; COMMIT;
SELECT * FROM t;
SELECT columns FROM remote_columns;

-- What cannot be: the definition is tried at the statement
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, e text) USING kalamdb WITH (storage_id = 'nowhere'); ROLLBACK;
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, "_x" text, "select" int, PRIMARY KEY (id)) USING kalamdb; ROLLBACK;
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; PREPARE TRANSACTION 'x'; ROLLBACK;
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; SELECT kalam_flush('t'); ROLLBACK;
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; ALTER FOREIGN TABLE t OPTIONS (SET "table" 'u'); ROLLBACK;
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; CREATE FOREIGN TABLE second (id int NOT NULL) SERVER kalam_server OPTIONS ("table" 't'); ROLLBACK;
CREATE FOREIGN TABLE second (id int NOT NULL, a int) SERVER kalam_server OPTIONS ("table" 't');
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; SELECT * FROM second; ROLLBACK;
BEGIN; INSERT INTO second VALUES (7, 7); DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO t VALUES (8, 8); COMMIT;
SELECT id, a FROM second;
DROP FOREIGN TABLE second;
SELECT tables FROM remote_tables;

-- Rows of other tables
CREATE TABLE other (id int PRIMARY KEY, a int) USING kalamdb;
INSERT INTO other VALUES (1, 1);
\set VERBOSITY default
BEGIN; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO other VALUES (2, 2); COMMIT;
\set VERBOSITY terse
BEGIN; UPDATE other SET a = 2; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; COMMIT;
BEGIN; UPDATE other SET a = 2; SAVEPOINT s; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; ROLLBACK TO s; COMMIT;
SELECT * FROM other;
-- but not of tables that the transaction has made, or made again
BEGIN;
DROP TABLE t, other; CREATE TABLE t (id int PRIMARY KEY, a int) USING kalamdb; CREATE TABLE other (id int PRIMARY KEY, a int) USING kalamdb; CREATE TABLE third (id int PRIMARY KEY, a int) USING kalamdb;
INSERT INTO t VALUES (1, 10); INSERT INTO other VALUES (1, 20); INSERT INTO third VALUES (1, 30);
COMMIT;
SELECT t.a, other.a, third.a FROM t, other, third;
SET kalam.write_mode = autocommit;
BEGIN; UPDATE third SET a = 31; DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, b int) USING kalamdb; INSERT INTO t VALUES (1, 11); INSERT INTO other VALUES (2, 21); COMMIT;
RESET kalam.write_mode;
SELECT t.b, other.a, third.a FROM t, other, third ORDER BY 2;

-- User tables, and stream tables, whose rows outlive DROP TABLE
SET kalam.user_id = 'anna';
CREATE TABLE u (id int PRIMARY KEY, a text) USING kalamdb WITH (type = 'user');
INSERT INTO u VALUES (1, 'old');
BEGIN; DROP TABLE u; CREATE TABLE u (id int PRIMARY KEY, b text) USING kalamdb WITH (type = 'user'); INSERT INTO u VALUES (1, 'new'), (2, 'new'); SELECT id, b FROM u; COMMIT;
SELECT id, b FROM u ORDER BY id;
SET kalam.user_id = 'bert';
SELECT id, b FROM u ORDER BY id;
CREATE TABLE st (id text PRIMARY KEY, a text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);
\set VERBOSITY default
BEGIN; DROP TABLE st; CREATE TABLE st (id text PRIMARY KEY, a text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600); ROLLBACK;
\set VERBOSITY terse
BEGIN; DROP TABLE st; CREATE TABLE st (id text PRIMARY KEY, a text) USING kalamdb; ROLLBACK;
BEGIN; DROP TABLE u; CREATE TABLE u (id text PRIMARY KEY, a text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600); ROLLBACK;
-- another kind
BEGIN; DROP TABLE u; CREATE TABLE u (id int PRIMARY KEY, c text) USING kalamdb; INSERT INTO u VALUES (1, 'shared'); COMMIT;
SELECT id, c FROM u;

-- A table that is kept is attached again, with its rows
CREATE TABLE kept (id int PRIMARY KEY, a text) USING kalamdb;
INSERT INTO kept VALUES (1, 'stays');
ALTER FOREIGN TABLE kept OPTIONS (SET on_drop 'keep');
BEGIN; DROP FOREIGN TABLE kept; CREATE FOREIGN TABLE kept (id int NOT NULL, a text) SERVER kalam_server; SELECT * FROM kept; INSERT INTO kept VALUES (2, 'new'); COMMIT;
SELECT * FROM kept ORDER BY id;
BEGIN; DROP FOREIGN TABLE kept; CREATE TABLE kept (id int PRIMARY KEY, a text) USING kalamdb; ROLLBACK;

-- A schema, and a partition
CREATE SCHEMA ktest00000_recreate_s;
CREATE TABLE ktest00000_recreate_s.t (id int PRIMARY KEY, a int) USING kalamdb;
INSERT INTO ktest00000_recreate_s.t VALUES (1, 1);
SET client_min_messages = warning;
BEGIN; DROP SCHEMA ktest00000_recreate_s CASCADE; CREATE SCHEMA ktest00000_recreate_s; CREATE TABLE ktest00000_recreate_s.t (id int PRIMARY KEY, b int) USING kalamdb; INSERT INTO ktest00000_recreate_s.t VALUES (2, 2); COMMIT;
SELECT * FROM ktest00000_recreate_s.t;
DROP SCHEMA ktest00000_recreate_s CASCADE;
CREATE TABLE parent (id int NOT NULL, a int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part PARTITION OF parent DEFAULT SERVER kalam_server OPTIONS (on_drop 'drop');
CREATE FOREIGN TABLE part (id int NOT NULL, a int) SERVER kalam_server;
ALTER TABLE parent ATTACH PARTITION part DEFAULT;
INSERT INTO parent VALUES (1, 1);
BEGIN; DROP TABLE part; CREATE FOREIGN TABLE part (id int NOT NULL, a int) SERVER kalam_server; ALTER TABLE parent ATTACH PARTITION part DEFAULT; INSERT INTO parent VALUES (2, 2); SELECT * FROM parent; COMMIT;
SELECT * FROM parent;

DROP TABLE parent, t, other, third, u, kept, st;
SELECT tables FROM remote_tables;
SELECT kalam_exec('DROP TABLE ktest00000_recreate.kept') IS NOT NULL AS dropped;

-- RENAME and a new table under the free name, as swaps do it: the new one gets a free name in KalamDB, again and again
RESET client_min_messages;
CREATE VIEW shown AS SELECT relname, (SELECT option_value FROM pg_options_to_table(ftoptions) WHERE option_name = 'table') AS remote FROM pg_foreign_table JOIN pg_class c ON c.oid = ftrelid WHERE relnamespace = 'ktest00000_recreate'::regnamespace ORDER BY 1;
\set VERBOSITY default
CREATE TABLE x (id int PRIMARY KEY, run int) USING kalamdb;
INSERT INTO x VALUES (1, 0);
-- a migration without downtime
BEGIN;
ALTER TABLE x RENAME TO x_old;
CREATE TABLE x (id int PRIMARY KEY, run int) USING kalamdb;
INSERT INTO x SELECT id, run + 1 FROM x_old;
DROP TABLE x_old;
COMMIT;
SELECT * FROM x;
SELECT * FROM shown;
SELECT tables FROM remote_tables;
BEGIN; ALTER TABLE x RENAME TO x_old; CREATE TABLE x (id int PRIMARY KEY, run int) USING kalamdb; INSERT INTO x SELECT id, run + 1 FROM x_old; DROP TABLE x_old; COMMIT;
BEGIN; ALTER TABLE x RENAME TO x_old; CREATE TABLE x (id int PRIMARY KEY, run int) USING kalamdb; INSERT INTO x SELECT id, run + 1 FROM x_old; DROP TABLE x_old; COMMIT;
BEGIN; ALTER TABLE x RENAME TO x_old; CREATE TABLE x (id int PRIMARY KEY, run int) USING kalamdb; INSERT INTO x SELECT id, run + 1 FROM x_old; DROP TABLE x_old; COMMIT;
SELECT * FROM x;
SELECT * FROM shown;
SELECT tables FROM remote_tables;
\set VERBOSITY terse
-- dropped under its new name, the table has its old name again
BEGIN; ALTER TABLE x RENAME TO x_old; CREATE TEMP TABLE rows ON COMMIT DROP AS SELECT * FROM x_old; DROP TABLE x_old; CREATE TABLE x (id int PRIMARY KEY, run int) USING kalamdb; INSERT INTO x SELECT * FROM rows; COMMIT;
SELECT * FROM x;
SELECT * FROM shown;
-- dbt: x__dbt_tmp becomes x, whatever was x is dropped behind it
CREATE PROCEDURE dbt_run() LANGUAGE plpgsql AS $$ BEGIN
  DROP TABLE IF EXISTS x__dbt_tmp CASCADE;
  CREATE TABLE x__dbt_tmp USING kalamdb AS SELECT id, run + 1 AS run FROM x;
  ALTER TABLE x RENAME TO x__dbt_backup;
  ALTER TABLE x__dbt_tmp RENAME TO x;
  COMMIT;
  DROP TABLE IF EXISTS x__dbt_backup CASCADE;
  COMMIT;
END $$;
SET client_min_messages = warning;
CALL dbt_run();
SELECT *, (SELECT tables FROM remote_tables) FROM x;
CALL dbt_run();
SELECT *, (SELECT tables FROM remote_tables) FROM x;
CALL dbt_run(); CALL dbt_run(); CALL dbt_run();
SELECT *, (SELECT tables FROM remote_tables) FROM x;
RESET client_min_messages;
DROP TABLE x;
SELECT tables FROM remote_tables;
-- CREATE FOREIGN TABLE alike, where it names no table of KalamDB
CREATE TABLE y (id int PRIMARY KEY) USING kalamdb;
INSERT INTO y VALUES (1);
ALTER TABLE y RENAME TO y_old;
CREATE FOREIGN TABLE y (id int NOT NULL) SERVER kalam_server;
SELECT * FROM y;
INSERT INTO y VALUES (2);
SELECT * FROM y_old;
-- a table that is only shown may be shown twice, and an option says what is meant
CREATE FOREIGN TABLE y_too (id int NOT NULL) SERVER kalam_server OPTIONS ("table" 'y');
SELECT * FROM y_too;
SELECT * FROM shown;
CREATE TABLE z (id int PRIMARY KEY) USING kalamdb WITH ("table" = 'y');
ALTER TABLE y RENAME TO y_newer;
CREATE TABLE "Y" (id int PRIMARY KEY) USING kalamdb;
SELECT * FROM shown;
-- a table that only shows another one keeps no name to itself when that is gone, and takes no part when it is there
DROP TABLE y_old;
CREATE TABLE y_old (id int PRIMARY KEY) USING kalamdb WITH ("table" = 'y');
INSERT INTO y_old VALUES (3);
SELECT * FROM y_too;
ALTER FOREIGN TABLE y_old OPTIONS (SET on_drop 'keep');
CREATE TABLE y (id int PRIMARY KEY) USING kalamdb;
DROP TABLE y;
ALTER FOREIGN TABLE y_old OPTIONS (SET on_drop 'drop');
DROP TABLE y_old, y_newer, "Y", y_too;
SELECT tables FROM remote_tables;
-- a name of 64 letters, and one that KalamDB does not take
CREATE TABLE y23456789012345678901234567890123456789012345678901234567890123 (id int PRIMARY KEY) USING kalamdb;
ALTER TABLE y23456789012345678901234567890123456789012345678901234567890123 RENAME TO long;
CREATE TABLE y23456789012345678901234567890123456789012345678901234567890123 (id int PRIMARY KEY) USING kalamdb;
CREATE TABLE "order" (id int PRIMARY KEY) USING kalamdb;
ALTER TABLE "order" RENAME TO old_order;
CREATE TABLE "order" (id int PRIMARY KEY) USING kalamdb;
SELECT * FROM shown;
DROP TABLE long, y23456789012345678901234567890123456789012345678901234567890123, "order", old_order;
-- a schema that is renamed, and a table that goes to another one
CREATE SCHEMA ktest00000_recreate_s;
CREATE TABLE ktest00000_recreate_s.t (id int PRIMARY KEY) USING kalamdb;
INSERT INTO ktest00000_recreate_s.t VALUES (1);
ALTER SCHEMA ktest00000_recreate_s RENAME TO ktest00000_recreate_r;
CREATE SCHEMA ktest00000_recreate_s;
CREATE TABLE ktest00000_recreate_s.t (id int PRIMARY KEY) USING kalamdb;
SELECT * FROM ktest00000_recreate_s.t;
ALTER TABLE ktest00000_recreate_s.t SET SCHEMA ktest00000_recreate;
CREATE TABLE ktest00000_recreate_s.t (id int PRIMARY KEY) USING kalamdb;
DROP TABLE t, ktest00000_recreate_s.t;
SELECT * FROM ktest00000_recreate_r.t;
-- a table of others is not ours
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_recreate.foreigner (id INT PRIMARY KEY)') IS NOT NULL AS made;
CREATE TABLE foreigner (id int PRIMARY KEY) USING kalamdb;
SELECT kalam_exec('DROP TABLE ktest00000_recreate.foreigner') IS NOT NULL AS dropped;
SET client_min_messages = warning;
DROP SCHEMA ktest00000_recreate_s, ktest00000_recreate_r CASCADE;
SELECT tables FROM remote_tables;
DROP SCHEMA ktest00000_recreate CASCADE;

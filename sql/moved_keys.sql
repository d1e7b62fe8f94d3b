-- Keys that a transaction changes, or inserts and removes again: nothing of a row is lost, and nothing is stored twice.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_moved_keys;
SET search_path = ktest00000_moved_keys, public;
RESET client_min_messages;

-- A key that is stored, inserted and removed again: the INSERT was wrong, whatever came of its row. Where the statement
-- does not say so, COMMIT does.
SET kalam.check_keys = commit;
CREATE TABLE t (id int PRIMARY KEY, v text) USING kalamdb;
INSERT INTO t VALUES (1, 'old'), (2, 'two');
BEGIN; INSERT INTO t VALUES (1, 'new'); DELETE FROM t WHERE id = 1 RETURNING id; SELECT count(*) FROM t WHERE id = 1; COMMIT;
BEGIN; INSERT INTO t VALUES (1, 'new'); TRUNCATE t; SELECT count(*) FROM t; COMMIT;
BEGIN; UPDATE t SET id = 1, v = 'moved' WHERE id = 2; DELETE FROM t; SELECT count(*) FROM t; COMMIT;
BEGIN; UPDATE t SET id = 1 WHERE id = 2; UPDATE t SET id = 2 WHERE id = 1; COMMIT;
BEGIN; INSERT INTO t VALUES (1, 'new'); UPDATE t SET id = 9 WHERE id = 1; COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1, 'new'); SAVEPOINT r; DELETE FROM t WHERE id = 1; RELEASE r; RELEASE s; COMMIT;
\set VERBOSITY default
BEGIN; INSERT INTO t VALUES (1, 'new'), (5, 'five'); DELETE FROM t WHERE id IN (1, 5); INSERT INTO t VALUES (6, 'six'); COMMIT;
\set VERBOSITY terse
WITH i AS (INSERT INTO t VALUES (1, 'new') RETURNING id) SELECT id FROM i;
SELECT id, v FROM t ORDER BY id;
-- Nothing is wrong with a key that is free, and with one whose INSERT was taken back.
BEGIN; INSERT INTO t VALUES (7, 'here and gone'); DELETE FROM t WHERE id = 7; COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1, 'new'); DELETE FROM t WHERE id = 1; ROLLBACK TO s; INSERT INTO t VALUES (8, 'eight'); COMMIT;
BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1, 'new'); ROLLBACK TO s; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 'replaced'); COMMIT;
SELECT id, v FROM t ORDER BY id;

RESET kalam.check_keys;
-- Columns that the foreign table does not show go with the row.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_moved_keys.wide (id INT PRIMARY KEY, x TEXT, b BOOLEAN, s SMALLINT, i INT NOT NULL, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(10,3), j JSON, y BYTES, dt DATE, ti TIME, ts TIMESTAMP, tz DATETIME, u UUID, e EMBEDDING(2))') IS NOT NULL AS made;
CREATE FOREIGN TABLE whole (id int NOT NULL, x text, b boolean, s smallint, i int NOT NULL, l bigint, f real, d float8, n numeric(10,3), j jsonb, y bytea, dt date, ti time, ts timestamp, tz timestamptz, u uuid, e real[]) SERVER kalam_server OPTIONS ("table" 'wide');
INSERT INTO whole VALUES (1, 'one', true, -3, 4, 9007199254740993, 0.1, 0.1, -12.345, '{"a": "ü\n"}', '\x00ff', '2024-02-29', '12:34:56.789', '1999-12-31 23:59:59.123456', '2024-02-29 12:00+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{0.5,-1}'),
  (2, 'two', NULL, NULL, 0, NULL, 'NaN', '-Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 'three', false, 1, 2, 3, 4, 5, 6, '[]', '', '1970-01-01', '00:00', '1970-01-01', '1970-01-01 00:00+00', NULL, '{1,2}');
CREATE FOREIGN TABLE few (id int NOT NULL, x text) SERVER kalam_server OPTIONS ("table" 'wide');
CREATE TEMP TABLE before AS SELECT * FROM whole;
CREATE TEMP VIEW changed AS SELECT w.id, w.x, to_jsonb(w) - 'id' - 'x' = to_jsonb(old) - 'id' - 'x' AS same FROM whole w LEFT JOIN before old ON old.id = w.id % 10;
UPDATE few SET id = 11 WHERE id = 1 RETURNING *;
SELECT * FROM changed ORDER BY id;
BEGIN; UPDATE few SET x = x || '!' WHERE id IN (2, 3); UPDATE few SET id = id + 10 WHERE id < 10; UPDATE few SET x = x || '?'; SELECT * FROM few ORDER BY id; COMMIT;
SELECT * FROM changed ORDER BY id;
-- There and back, in one transaction and half of it taken back.
BEGIN; UPDATE few SET id = 21 WHERE id = 11; UPDATE few SET id = 11, x = 'back' WHERE id = 21; COMMIT;
BEGIN; UPDATE few SET id = 22 WHERE id = 12; SAVEPOINT s; UPDATE few SET id = 32 WHERE id = 22; ROLLBACK TO s; UPDATE few SET id = 42 WHERE id = 22; COMMIT;
SELECT * FROM changed ORDER BY id;
-- Removed and inserted again it is another row.
BEGIN; DELETE FROM few WHERE id = 11; INSERT INTO few VALUES (11, 'new'); ROLLBACK;
-- A column that another client has added meanwhile.
SELECT kalam_exec('ALTER TABLE ktest00000_moved_keys.t ADD COLUMN added TEXT') IS NOT NULL AS added;
SELECT kalam_exec('UPDATE ktest00000_moved_keys.t SET added = ''precious'' WHERE id = 8') IS NOT NULL AS filled;
UPDATE t SET id = 3 WHERE id = 8;
SELECT kalam_exec('SELECT id, v, added FROM ktest00000_moved_keys.t WHERE id = 3 LIMIT 1');
-- One that somebody else changed between the look at the row and the change of its key.
BEGIN; SELECT id, v FROM t WHERE id = 3; UPDATE t SET v = 'changed' WHERE id = 3; SELECT kalam_exec('UPDATE ktest00000_moved_keys.t SET added = ''newer'' WHERE id = 3') IS NOT NULL AS by_another; UPDATE t SET id = 4 WHERE id = 3; COMMIT;

-- A key that is not called id: two requests in place of a transaction.
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY) USING kalamdb;
INSERT INTO alembic_version VALUES ('a');
UPDATE alembic_version SET version_num = 'b' WHERE version_num = 'a';
SELECT version_num FROM alembic_version;
BEGIN; UPDATE alembic_version SET version_num = 'c'; UPDATE alembic_version SET version_num = 'd' RETURNING version_num; COMMIT;
BEGIN; UPDATE alembic_version SET version_num = 'e'; UPDATE alembic_version SET version_num = 'd'; COMMIT;
SELECT version_num FROM alembic_version;
CREATE TABLE coded (code text PRIMARY KEY, n int) USING kalamdb;
INSERT INTO coded VALUES ('a', 1), ('b', 2), ('c', 3);
UPDATE coded SET code = 'z', n = n + 10 WHERE code = 'a' RETURNING code, n;
UPDATE coded SET code = 'b' WHERE code = 'z';
SELECT code, n FROM coded ORDER BY code;
\set VERBOSITY default
UPDATE coded SET code = code || '+';
BEGIN; UPDATE coded SET code = 'y' WHERE code = 'z'; UPDATE coded SET n = 0 WHERE code = 'b'; ROLLBACK;
BEGIN; UPDATE coded SET code = 'y' WHERE code = 'z'; DELETE FROM t WHERE id = 2; ROLLBACK;
BEGIN; DELETE FROM coded WHERE code = 'b'; INSERT INTO coded VALUES ('new', 1); ROLLBACK;
\set VERBOSITY terse
-- The row has gone, or is another one, when its key is to be changed.
BEGIN; UPDATE coded SET code = 'y' WHERE code = 'z'; SELECT kalam_exec('DELETE FROM ktest00000_moved_keys.coded WHERE code = ''z''') IS NOT NULL AS by_another; COMMIT;
BEGIN; UPDATE coded SET code = 'y' WHERE code = 'b'; SELECT kalam_exec('UPDATE ktest00000_moved_keys.coded SET n = 77 WHERE code = ''b''') IS NOT NULL AS by_another; COMMIT;
SELECT code, n FROM coded ORDER BY code;
SET kalam.write_mode = autocommit;
UPDATE coded SET code = code || '+';
UPDATE coded SET code = 'last' WHERE code = 'c+';
RESET kalam.write_mode;
SELECT code, n FROM coded ORDER BY code;

SET client_min_messages = warning;
DROP SCHEMA ktest00000_moved_keys CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_moved_keys CASCADE') IS NOT NULL AS cleaned_up;

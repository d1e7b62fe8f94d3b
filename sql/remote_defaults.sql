-- Columns that an INSERT leaves to KalamDB get KalamDB's default, which its Insert requests do not apply.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_remote_defaults;
SET search_path = ktest00000_remote_defaults, public;
RESET client_min_messages;
SELECT kalam_exec('CREATE NAMESPACE IF NOT EXISTS ktest00000_remote_defaults') IS NOT NULL AS made;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_remote_defaults.t (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), x TEXT, y INT DEFAULT 5, n INT NOT NULL DEFAULT 7, q TEXT DEFAULT ''it''''s "q"\'')') IS NOT NULL AS made;
CREATE FOREIGN TABLE few (id bigint NOT NULL, x text) SERVER kalam_server OPTIONS ("table" 't');
CREATE FOREIGN TABLE t (id bigint NOT NULL, x text, y int, n int NOT NULL, q text) SERVER kalam_server;

-- Not shown here.
INSERT INTO few VALUES (1, 'few');
-- Not named: NULL until COMMIT, also where it is NOT NULL. An explicit NULL, and DEFAULT, are what they are here.
BEGIN;
INSERT INTO t (id, x) VALUES (2, 'not named') RETURNING *;
SELECT * FROM t WHERE id = 2;
COMMIT;
INSERT INTO t (id, x, y, q) VALUES (3, 'null', NULL, NULL);
INSERT INTO t (id, x, y) VALUES (4, 'default', DEFAULT);
INSERT INTO t (id, x, n) VALUES (5, 'null where it must not be', NULL);
INSERT INTO t (id, x, n) VALUES (5, 'named', 1);
INSERT INTO t VALUES (6, 'the first columns');
INSERT INTO t (x, id) SELECT 'select', i FROM generate_series(7, 8) i;
COPY t (id, x) FROM stdin;
9	copy
\.
COPY few FROM stdin;
10	copy
\.
PREPARE p(int, text) AS INSERT INTO t (id, x) VALUES ($1, $2);
EXECUTE p(11, 'prepared'); EXECUTE p(12, 'prepared');
CREATE VIEW v AS SELECT id AS i, x, y AS yy FROM t;
INSERT INTO v (i, x) VALUES (13, 'view');
INSERT INTO v VALUES (14, 'view', NULL);
SELECT * FROM t ORDER BY id;
-- The key: known at once.
INSERT INTO t (x) VALUES ('no key') RETURNING id > 0 AS has_key, x, y;
BEGIN;
INSERT INTO t (x, y) VALUES ('no key 2', 2), ('no key 3', 3);
UPDATE t SET y = y + 10 WHERE x LIKE 'no key %' RETURNING x, y, n;
COMMIT;
SELECT count(DISTINCT id), min(y), max(y), min(n), max(n) FROM t WHERE x LIKE 'no key%';
INSERT INTO t (id, x) VALUES (NULL, 'null key');
DELETE FROM t WHERE x LIKE 'no key%';
-- Later changes in the same transaction keep what was left out, but what they name.
BEGIN;
INSERT INTO t (id, x) VALUES (20, 'a'), (21, 'a'), (22, 'a'), (23, 'a');
UPDATE t SET x = 'b' WHERE id = 20;
UPDATE t SET y = NULL WHERE id = 21;
UPDATE t SET id = 32, n = 0 WHERE id = 22;
UPDATE t SET id = 33 WHERE id = 23;
UPDATE few SET x = x || '!' WHERE false;
SELECT * FROM t WHERE id >= 20 ORDER BY id;
COMMIT;
SELECT * FROM t WHERE id >= 20 ORDER BY id;
-- A trigger that sets a column, a default of PostgreSQL's side, a CHECK.
CREATE FUNCTION set_y() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.y := 99; RETURN NEW; END$$;
CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.x = 'trigger') EXECUTE FUNCTION set_y();
INSERT INTO t (id, x) VALUES (40, 'trigger'), (41, 'no trigger') RETURNING *;
ALTER FOREIGN TABLE t ALTER q SET DEFAULT 'mine', ADD CHECK (y <> 6), ADD CHECK (x <> 'bad');
INSERT INTO t (id, x) VALUES (42, 'local default');
INSERT INTO t (id, x, y) VALUES (43, 'check', 6);
INSERT INTO t (id, x) VALUES (43, 'bad');
INSERT INTO t (id, n) VALUES (43, NULL);
SELECT * FROM t WHERE id >= 40 ORDER BY id;
-- A partition, by way of its parent.
CREATE TABLE parent (x text, y int, id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE here PARTITION OF parent FOR VALUES FROM (0) TO (50);
CREATE FOREIGN TABLE there PARTITION OF parent FOR VALUES FROM (50) TO (100) SERVER kalam_server OPTIONS ("table" 't');
INSERT INTO parent (id, x) VALUES (1, 'here'), (50, 'there'), (51, 'there');
INSERT INTO parent (id, x, y) VALUES (52, 'there', NULL);
UPDATE parent SET id = 53, x = 'moved' WHERE id = 1;
SELECT id, x, y, n FROM t WHERE id >= 50 ORDER BY id;
DROP TABLE parent;

-- Every type, and what cannot be evaluated here.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_remote_defaults.kinds (id INT PRIMARY KEY, b BOOLEAN DEFAULT true, s SMALLINT DEFAULT -5, l BIGINT DEFAULT 9007199254740993, f FLOAT DEFAULT 1.5, d DOUBLE DEFAULT 0.1, n DECIMAL(10,2) DEFAULT 1.255, j JSON DEFAULT ''{"a":1}'', da DATE DEFAULT ''2024-01-02'', ts TIMESTAMP DEFAULT ''2024-01-02 03:04:05'', tz DATETIME DEFAULT NOW(), u UUID DEFAULT UUID_V7(), ul TEXT DEFAULT ULID(), uv TEXT DEFAULT UUID_V7(), sn BIGINT DEFAULT SNOWFLAKE_ID(), fn TEXT DEFAULT lower(''ABC''), nothing TEXT DEFAULT NULL, tb TEXT DEFAULT 5)') IS NOT NULL AS made;
CREATE FOREIGN TABLE only_id (id int NOT NULL) SERVER kalam_server OPTIONS ("table" 'kinds');
IMPORT FOREIGN SCHEMA ktest00000_remote_defaults LIMIT TO (kinds) FROM SERVER kalam_server INTO ktest00000_remote_defaults;
INSERT INTO only_id VALUES (1), (2);
SELECT kalam_exec('INSERT INTO ktest00000_remote_defaults.kinds (id) VALUES (3)') IS NOT NULL AS by_kalamdb;
SELECT id, b, s, l, f, d, n, j, da, ts, fn, nothing, tb FROM kinds ORDER BY id;
SELECT id, abs(extract(epoch FROM tz - now())) < 3600 AS tz, extract(microseconds FROM tz)::int % 1000 AS micros, u::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' AS u, ul ~ '^0[0-9A-HJKMNP-TV-Z]{25}$' AS ul, uv ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7' AS uv, sn > 0 AS sn FROM kinds WHERE id < 3 ORDER BY id;
SELECT count(DISTINCT u), count(DISTINCT ul), count(DISTINCT uv), count(DISTINCT sn) FROM kinds;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_remote_defaults.odd (id INT PRIMARY KEY, who TEXT DEFAULT CURRENT_USER, n INT DEFAULT 1 + 1)') IS NOT NULL AS made;
CREATE FOREIGN TABLE odd_id (id int NOT NULL) SERVER kalam_server OPTIONS ("table" 'odd');
CREATE FOREIGN TABLE odd_n (id int NOT NULL, who text DEFAULT current_user, n int) SERVER kalam_server OPTIONS ("table" 'odd');
\set VERBOSITY default
INSERT INTO odd_id VALUES (1);
\set VERBOSITY terse
-- KalamDB reads 1 + 1 as a text that is no number, and could store it no more than this
INSERT INTO odd_n (id) VALUES (3);
INSERT INTO odd_n (id, n) VALUES (1, 2);
INSERT INTO odd_n (id, n) VALUES (2, NULL);
SELECT id, n FROM odd_n ORDER BY id;
-- Keys of any type get KalamDB's default.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_remote_defaults.flags (flag BOOLEAN PRIMARY KEY DEFAULT true, v INT)') IS NOT NULL AS made;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_remote_defaults.tokens (token TEXT PRIMARY KEY DEFAULT UUID_V7(), v INT)') IS NOT NULL AS made;
CREATE FOREIGN TABLE flags (flag boolean NOT NULL, v int) SERVER kalam_server;
CREATE FOREIGN TABLE tokens (token uuid NOT NULL, v int) SERVER kalam_server;
INSERT INTO flags (v) VALUES (1) RETURNING flag, v;
INSERT INTO tokens (v) VALUES (1) RETURNING token::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7' AS token, v;
SELECT * FROM flags;
SELECT count(*) FROM tokens WHERE token IS NOT NULL;
-- Tables made here: a default that is dropped is none from that statement on.
CREATE TABLE made (id int PRIMARY KEY, a int DEFAULT 1, b int DEFAULT 2) USING kalamdb;
BEGIN; ALTER TABLE made ALTER a DROP DEFAULT; INSERT INTO made (id) VALUES (1); COMMIT;
INSERT INTO made (id) VALUES (2);
INSERT INTO made (id, b) VALUES (3, NULL), (4, DEFAULT);
SELECT id, a, b FROM made ORDER BY id;
-- A column that another client adds while the transaction has rows, once it is noticed: rows that are new get its default,
-- stored ones keep their NULL. One that is dropped would be missing.
CREATE TABLE late (id int PRIMARY KEY, v text) USING kalamdb;
INSERT INTO late VALUES (10, 'old'), (11, 'old');
CREATE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
BEGIN;
INSERT INTO late VALUES (1, 'a'), (3, 'untouched'); UPDATE late SET v = 'updated' WHERE id = 10; DELETE FROM late WHERE id = 11; INSERT INTO late VALUES (11, 'replaced');
SELECT kalam_exec('ALTER TABLE ktest00000_remote_defaults.late ADD COLUMN extra INT DEFAULT 3') IS NOT NULL AS added;
CREATE TRIGGER n BEFORE INSERT ON late FOR EACH ROW EXECUTE FUNCTION nop();
INSERT INTO late VALUES (2, 'b'); UPDATE late SET v = 'c' WHERE id = 1; UPDATE late SET id = 12 WHERE id = 10;
COMMIT;
SELECT kalam_exec('SELECT id, v, extra FROM ktest00000_remote_defaults.late ORDER BY id LIMIT 10');
BEGIN; INSERT INTO late VALUES (21, 'a'); SELECT kalam_exec('ALTER TABLE ktest00000_remote_defaults.late DROP COLUMN v') IS NOT NULL AS dropped; DROP TRIGGER n ON late; INSERT INTO late VALUES (22, 'b'); COMMIT;

SET client_min_messages = warning;
DROP SCHEMA ktest00000_remote_defaults CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_remote_defaults CASCADE') IS NOT NULL AS cleaned_up;

-- User and stream tables: whose rows are seen and written.
\set VERBOSITY default
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_user;
RESET client_min_messages;
CREATE TABLE ktest00000_user.notes (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user', system_columns = all);
CREATE TABLE ktest00000_user.more (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');
CREATE TABLE ktest00000_user.shared (id int PRIMARY KEY, body text) USING kalamdb;
CREATE TABLE ktest00000_user.events (id int PRIMARY KEY, what text NOT NULL) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);

-- Without an identity.
RESET kalam.user_id;
SELECT * FROM ktest00000_user.notes;
INSERT INTO ktest00000_user.notes VALUES (1, 'x');
INSERT INTO ktest00000_user.events VALUES (1, 'x');
EXPLAIN (COSTS OFF) SELECT * FROM ktest00000_user.notes;

SET kalam.user_id = 'alice';
INSERT INTO ktest00000_user.notes VALUES (1, 'alice one'), (2, 'alice two') RETURNING id, body, _userid;
SET kalam.user_id = 'bob';
INSERT INTO ktest00000_user.notes VALUES (1, 'bob one');
SELECT id, body, _userid FROM ktest00000_user.notes ORDER BY id;
SELECT id, body, _userid FROM ktest00000_user.notes WHERE id = 2;
SELECT count(*) FROM ktest00000_user.notes WHERE _userid = 'bob';
SET kalam.user_id = ' alice ';
SELECT id, body, _userid FROM ktest00000_user.notes ORDER BY id;
UPDATE ktest00000_user.notes SET body = 'changed' WHERE id = 1 RETURNING body, _userid;
DELETE FROM ktest00000_user.notes WHERE id = 2 RETURNING id, body, _userid, _seq > 0 AS has_version;
-- The user of a row is the current one.
INSERT INTO ktest00000_user.notes (id, body, _userid) VALUES (3, 'mine', 'alice');
INSERT INTO ktest00000_user.notes (id, body, _userid) VALUES (4, 'not mine', 'bob');
UPDATE ktest00000_user.notes SET _userid = 'bob' WHERE id = 3;
SELECT id, body, _userid FROM ktest00000_user.notes ORDER BY id;

-- Two users in one transaction: each sees their own rows.
BEGIN;
UPDATE ktest00000_user.notes SET body = 'in the block' WHERE id = 1;
SET LOCAL kalam.user_id = 'bob';
SELECT id, body, _userid FROM ktest00000_user.notes ORDER BY id;
SET LOCAL kalam.user_id = 'alice';
SELECT id, body, _userid FROM ktest00000_user.notes ORDER BY id;
COMMIT;
SELECT id, body FROM ktest00000_user.notes ORDER BY id;
-- Two tables of one user can.
BEGIN;
UPDATE ktest00000_user.notes SET body = 'together' WHERE id = 1;
INSERT INTO ktest00000_user.more VALUES (1, 'together');
COMMIT;
SELECT n.id, n.body, m.body FROM ktest00000_user.notes n JOIN ktest00000_user.more m USING (id);
COPY ktest00000_user.more TO stdout;
-- A user table and a shared one cannot.
BEGIN;
INSERT INTO ktest00000_user.shared VALUES (1, 'x');
INSERT INTO ktest00000_user.more VALUES (2, 'x');
ROLLBACK;

-- Streams are appended to.
INSERT INTO ktest00000_user.events SELECT i, 'event ' || i FROM generate_series(1, 3) i;
BEGIN;
INSERT INTO ktest00000_user.events VALUES (3, 'event 3 again');
SELECT id, what FROM ktest00000_user.events ORDER BY id, what;
ROLLBACK;
SELECT id, what FROM ktest00000_user.events ORDER BY id;
SELECT what FROM ktest00000_user.events WHERE id = 2;
INSERT INTO ktest00000_user.events VALUES (4, NULL);
UPDATE ktest00000_user.events SET what = 'x';
DELETE FROM ktest00000_user.events;
BEGIN;
INSERT INTO ktest00000_user.events VALUES (4, 'x');
INSERT INTO ktest00000_user.more VALUES (5, 'x');
ROLLBACK;
SET kalam.user_id = 'bob';
SELECT count(*) FROM ktest00000_user.events;

-- A name that the server would not survive.
SET kalam.user_id = '../x';
RESET kalam.user_id;

DROP TABLE ktest00000_user.notes;
DROP TABLE ktest00000_user.more;
DROP TABLE ktest00000_user.shared;
DROP TABLE ktest00000_user.events;
DROP SCHEMA ktest00000_user;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_user') IS NOT NULL AS cleaned_up;

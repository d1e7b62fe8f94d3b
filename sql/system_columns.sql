-- Tables look as they were declared. KalamDB's own columns, _seq and _userid, are there for who asks for them.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_system;
RESET client_min_messages;
SET search_path = ktest00000_system;
CREATE FUNCTION columns(relation regclass) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
$$;

-- Without asking
CREATE TABLE plain (id int PRIMARY KEY, name text) USING kalamdb;
CREATE TABLE per_user (id int PRIMARY KEY, name text) USING kalamdb WITH (type = user);
CREATE TABLE stream (id int PRIMARY KEY, name text) USING kalamdb WITH (type = stream, ttl_seconds = 3600);
SELECT columns('plain'), columns('per_user'), columns('stream');
INSERT INTO plain VALUES (1, 'one'), (2, 'two') RETURNING *;
SELECT * FROM plain ORDER BY id;
UPDATE plain SET name = 'changed' WHERE id = 1 RETURNING *;
SELECT _seq FROM plain;
UPDATE plain SET _seq = 1;

-- NATURAL JOIN, whole rows, archives and EXCEPT
CREATE TABLE cities (city int PRIMARY KEY, name text) USING kalamdb;
CREATE TABLE people (id int PRIMARY KEY, city int) USING kalamdb;
CREATE TABLE archive (id int PRIMARY KEY, city int) USING kalamdb;
INSERT INTO cities VALUES (1, 'Bergen');
INSERT INTO people VALUES (10, 1), (11, 1);
SELECT id, name FROM people NATURAL JOIN cities ORDER BY id;
INSERT INTO archive SELECT * FROM people WHERE id = 10;
SELECT * FROM people EXCEPT SELECT * FROM archive;
WITH gone AS (DELETE FROM people WHERE id = 11 RETURNING *) INSERT INTO archive SELECT * FROM gone;
SELECT * FROM archive ORDER BY id;
CREATE TABLE log (n int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NEW; END $$;
CREATE TRIGGER changed AFTER UPDATE ON people FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note();
UPDATE people SET city = city;
SELECT count(*) AS without_a_change FROM log;
UPDATE people SET city = 2 WHERE id = 10;
SELECT count(*) AS with_a_change FROM log;

-- Asked for by the statement
CREATE TABLE user_none (id int) USING kalamdb WITH (type = user, system_columns = none);
CREATE TABLE user_user (id int) USING kalamdb WITH (type = user, system_columns = 'User');
CREATE TABLE user_all (id int) USING kalamdb WITH (type = user, SYSTEM_COLUMNS = ALL);
CREATE TABLE shared_user (id int) USING kalamdb WITH (system_columns = user);
CREATE TABLE shared_all (id int) USING kalamdb WITH (system_columns = all);
CREATE TABLE stream_user (id int) USING kalamdb WITH (type = stream, ttl_seconds = 60, system_columns = user);
CREATE TABLE stream_all (id int) USING kalamdb WITH (type = stream, ttl_seconds = 60, system_columns = all);
SELECT r, columns(r) FROM unnest(ARRAY['user_none', 'user_user', 'user_all', 'shared_user', 'shared_all', 'stream_user', 'stream_all']::regclass[]) r;
SELECT ARRAY(SELECT o FROM unnest(ftoptions) o WHERE o NOT LIKE 'made\_by=%') AS ftoptions FROM pg_foreign_table WHERE ftrelid = 'shared_all'::regclass;
CREATE TABLE bad (id int) USING kalamdb WITH (system_columns = some);
CREATE TABLE bad (id int) USING kalamdb WITH (system_columns = all, system_columns = none);
CREATE TABLE bad (id int) USING kalamdb WITH (system_column = all);
-- The server's version of a row
INSERT INTO shared_all (id) VALUES (1), (2), (3);
SELECT count(*), count(DISTINCT _seq), bool_and(_seq > 0) FROM shared_all;
UPDATE shared_all SET _seq = 1 WHERE id = 1;
INSERT INTO shared_all (id, _seq) VALUES (1000000, 1);
SET kalam.user_id = 'alice';
INSERT INTO stream_all VALUES (1);
SELECT id, _seq > 0 AS has_version, _userid FROM stream_all;
INSERT INTO stream_user (id, _userid) VALUES (1, 'bob');
RESET kalam.user_id;

-- Asked for by the session
SET kalam.system_columns = 'all';
CREATE TABLE session_all (id int) USING kalamdb WITH (type = user);
CREATE TABLE session_none (id int) USING kalamdb WITH (type = user, system_columns = none);
CREATE TABLE session_as USING kalamdb AS SELECT 1 AS id;
CREATE TABLE session_like (LIKE plain) USING kalamdb;
SET kalam.system_columns = 'user';
CREATE TABLE session_user_ (id int) USING kalamdb WITH (type = user);
SET kalam.system_columns = 'some';
RESET kalam.system_columns;
SHOW kalam.system_columns;
SELECT r, columns(r) FROM unnest(ARRAY['session_all', 'session_none', 'session_as', 'session_like', 'session_user_']::regclass[]) r;
SELECT * FROM session_as WHERE _seq > 0 AND id = 2;
SELECT id, _seq > 0 AS has_version FROM session_as;

-- Declared, at any place
CREATE TABLE declared (_seq bigint, id int, _userid text) USING kalamdb WITH (type = user, system_columns = all);
SELECT columns('declared');
SET kalam.user_id = 'alice';
INSERT INTO declared (id) VALUES (1);
SELECT _seq > 0, id, _userid FROM declared;
COPY declared TO stdout;
RESET kalam.user_id;
CREATE TABLE bad (id int, _seq int) USING kalamdb;
CREATE TABLE bad (id int, _userid bigint) USING kalamdb WITH (type = user);
CREATE TABLE bad (id int, _userid text) USING kalamdb;
CREATE TABLE bad (id int, _seq bigint NOT NULL) USING kalamdb;
CREATE TABLE bad (id int, _seq bigint DEFAULT 1) USING kalamdb;
CREATE TABLE bad (id int, _seq bigint GENERATED ALWAYS AS IDENTITY) USING kalamdb;
CREATE TABLE bad (_seq bigint PRIMARY KEY) USING kalamdb;
CREATE TABLE bad (id int, _deleted boolean) USING kalamdb;
CREATE FOREIGN TABLE bad (id int, _seq text) SERVER kalam_server;

-- Shown and no longer shown by ALTER TABLE
ALTER TABLE plain ADD COLUMN _seq bigint;
SELECT id, name, _seq > 0 AS has_version FROM plain ORDER BY id;
ALTER TABLE plain ALTER COLUMN _seq SET NOT NULL;
ALTER TABLE plain ADD COLUMN _userid text;
ALTER TABLE plain DROP COLUMN _seq;
SELECT * FROM plain ORDER BY id;
ALTER TABLE per_user ADD COLUMN _userid int;
ALTER TABLE per_user ADD COLUMN _userid text;
ALTER TABLE per_user DROP COLUMN _userid;
SELECT columns('plain'), columns('per_user');

-- LIKE copies what the other table shows; a query's values of them cannot be stored
CREATE TABLE like_all (LIKE user_all) USING kalamdb WITH (type = user);
CREATE TABLE like_shared (LIKE user_all) USING kalamdb;
CREATE TABLE like_plain (LIKE plain INCLUDING ALL) USING kalamdb;
CREATE TABLE as_plain USING kalamdb AS SELECT * FROM shared_all;
CREATE TABLE bad (id, _seq) USING kalamdb AS SELECT id, _seq FROM shared_all;
SELECT r, columns(r) FROM unnest(ARRAY['like_all', 'like_shared', 'like_plain', 'as_plain']::regclass[]) r;
SELECT * FROM as_plain ORDER BY id;
INSERT INTO like_plain SELECT * FROM plain;

-- A dump's statements, and IMPORT
CREATE FOREIGN TABLE dumped (id int NOT NULL, _seq bigint) SERVER kalam_server OPTIONS (namespace 'ktest00000_system', "table" 'shared_all', on_drop 'keep', table_type 'shared');
SELECT id, _seq > 0 AS has_version FROM dumped WHERE id = 1;
CREATE SCHEMA ktest00000_system2;
SET kalam.system_columns = 'all';
IMPORT FOREIGN SCHEMA ktest00000_system LIMIT TO (user_all) FROM SERVER kalam_server INTO ktest00000_system2;
RESET kalam.system_columns;
SELECT columns('ktest00000_system2.user_all');

SET client_min_messages = warning;
DROP SCHEMA ktest00000_system2 CASCADE;
DROP SCHEMA ktest00000_system CASCADE;
RESET search_path;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_system') IS NOT NULL AS cleaned_up;

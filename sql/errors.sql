-- What a user reads when something goes wrong.
\set VERBOSITY default
\pset format unaligned
\set SHOW_CONTEXT errors
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_errors;
RESET client_min_messages;
CREATE TABLE ktest00000_errors.t (id int PRIMARY KEY, v text NOT NULL, n numeric(6,2), CHECK (n > 0)) USING kalamdb;
INSERT INTO ktest00000_errors.t VALUES (1, 'one', 1), (2, 'two', 2);

-- Keys and values.
INSERT INTO ktest00000_errors.t VALUES (1, 'again', 1);
INSERT INTO ktest00000_errors.t VALUES (3, 'three', 1), (3, 'three', 1);
UPDATE ktest00000_errors.t SET id = 2 WHERE id = 1;
INSERT INTO ktest00000_errors.t VALUES (NULL, 'x', 1);
INSERT INTO ktest00000_errors.t VALUES (3, NULL, 1);
INSERT INTO ktest00000_errors.t VALUES (3, 'x', -1);
INSERT INTO ktest00000_errors.t VALUES (3, 'x', 12345.67);
SELECT id, v, n FROM ktest00000_errors.t ORDER BY id;

-- NOT NULL that only the server knows.
CREATE FOREIGN TABLE ktest00000_errors.lax (id int, v text, n numeric(6,2)) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_errors', "table" 't', table_type 'shared');
INSERT INTO ktest00000_errors.lax VALUES (3, NULL, 1);
UPDATE ktest00000_errors.lax SET v = NULL WHERE id = 1;
CREATE FOREIGN TABLE ktest00000_errors.less (id int, n numeric(6,2)) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_errors', "table" 't', table_type 'shared');
INSERT INTO ktest00000_errors.less VALUES (3, 1);
-- An update keeps what the foreign table does not show.
UPDATE ktest00000_errors.less SET n = 7 WHERE id = 1;
SELECT id, v, n FROM ktest00000_errors.t ORDER BY id;
-- A foreign table without the key can be read only.
CREATE FOREIGN TABLE ktest00000_errors.keyless (v text) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_errors', "table" 't', table_type 'shared');
SELECT * FROM ktest00000_errors.keyless ORDER BY v;
SELECT count(*) FROM ktest00000_errors.keyless;
INSERT INTO ktest00000_errors.keyless VALUES ('x');
UPDATE ktest00000_errors.keyless SET v = 'x';
DELETE FROM ktest00000_errors.keyless;

-- Numbers that the attribute cannot show exactly.
CREATE FOREIGN TABLE ktest00000_errors.coarse (id int, n numeric(3,1)) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_errors', "table" 't', table_type 'shared');
SELECT * FROM ktest00000_errors.coarse ORDER BY id;
INSERT INTO ktest00000_errors.t VALUES (4, 'four', 4.44);
SELECT * FROM ktest00000_errors.coarse WHERE id = 4;

-- The remote table changes, or goes.
SELECT kalam_exec('ALTER TABLE ktest00000_errors.t DROP COLUMN n') IS NOT NULL AS altered;
SELECT id, v FROM ktest00000_errors.t ORDER BY id;
INSERT INTO ktest00000_errors.t VALUES (5, 'five', 1);
SELECT id, n FROM ktest00000_errors.t;
SELECT kalam_exec('DROP TABLE ktest00000_errors.t') IS NOT NULL AS dropped;
SELECT id FROM ktest00000_errors.lax;
SELECT id FROM ktest00000_errors.lax;
INSERT INTO ktest00000_errors.lax VALUES (1, 'x');
DROP FOREIGN TABLE ktest00000_errors.lax, ktest00000_errors.less, ktest00000_errors.keyless, ktest00000_errors.coarse;

-- The remote table is replaced by one whose column has another type.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_errors.swapped (id BIGINT PRIMARY KEY, v DATE)') IS NOT NULL AS created;
CREATE FOREIGN TABLE ktest00000_errors.swapped (id bigint, v date) SERVER kalam_server OPTIONS (table_type 'shared');
INSERT INTO ktest00000_errors.swapped VALUES (1, '2026-11-23');
SELECT id, v FROM ktest00000_errors.swapped;
SELECT kalam_exec('DROP TABLE ktest00000_errors.swapped') IS NOT NULL AS dropped;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_errors.swapped (id BIGINT PRIMARY KEY, v BIGINT)') IS NOT NULL AS created;
SELECT kalam_exec('INSERT INTO ktest00000_errors.swapped (id, v) VALUES (1, 7)') IS NOT NULL AS inserted;
SELECT id, v FROM ktest00000_errors.swapped;
\echo :LAST_ERROR_SQLSTATE
SELECT id FROM ktest00000_errors.swapped;
-- The clean-up job of the first DROP may be running still.
CREATE FUNCTION pg_temp.patient(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..300 LOOP
    BEGIN
      RETURN kalam_exec(statement) IS NOT NULL;
    EXCEPTION WHEN object_in_use THEN
      PERFORM pg_sleep(0.1);
    END;
  END LOOP;
  RETURN false;
END $$;
SELECT pg_temp.patient('DROP TABLE ktest00000_errors.swapped') AS dropped;
DROP FOREIGN TABLE ktest00000_errors.swapped;

-- Nobody listens.
CREATE SERVER ktest00000_nowhere FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER ktest00000_nowhere;
CREATE FOREIGN TABLE ktest00000_errors.nowhere (id int) SERVER ktest00000_nowhere OPTIONS (table_type 'shared');
\set VERBOSITY terse
DROP SERVER ktest00000_nowhere CASCADE;

DROP TABLE ktest00000_errors.t;
DROP SCHEMA ktest00000_errors;
SELECT pg_temp.patient('DROP NAMESPACE IF EXISTS ktest00000_errors') AS cleaned_up;

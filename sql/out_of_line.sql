-- Values that are stored out of line elsewhere, or only in memory, when they are written: the transaction keeps the
-- values themselves, so that what becomes of their source does not matter.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_out_of_line;
SET search_path = ktest00000_out_of_line, public;
RESET client_min_messages;

CREATE TABLE src (id int PRIMARY KEY, v text, z text, a text[], j jsonb, b bytea);
ALTER TABLE src ALTER v SET STORAGE EXTERNAL, ALTER z SET STORAGE EXTENDED, ALTER a SET STORAGE EXTERNAL, ALTER j SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
CREATE FUNCTION long(i int, n int DEFAULT 500) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$SELECT string_agg(md5(i::text || x), '') FROM generate_series(1, n) x$$;
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
  INSERT INTO src SELECT i, long(i), repeat(long(i, 4), 200), ARRAY[long(i), NULL, 'x'], jsonb_build_object('k', long(i), 'n', i), convert_to(long(i), 'UTF8') FROM generate_series(1, 3) i
$$;
SELECT fill();
CREATE DOMAIN small_text AS text CHECK (length(value) < 1000000);
CREATE TABLE dst (id bigint PRIMARY KEY, v text, z small_text, a text[], j jsonb, b bytea) USING kalamdb;
CREATE TABLE copy AS SELECT * FROM src;
CREATE VIEW sums AS SELECT d.id, length(d.v) AS v, length(d.z) AS z,
  (d.v, d.z, d.a, d.j, d.b) IS NOT DISTINCT FROM (c.v, c.z, c.a, c.j, c.b) AS same FROM dst d LEFT JOIN copy c ON c.id = d.id % 10;

-- In a block, and by one statement, again and again.
BEGIN; INSERT INTO dst SELECT id, v, z, a, j, b FROM src; COMMIT;
INSERT INTO dst SELECT id + 10, v, z, a, j, b FROM src; INSERT INTO dst SELECT id + 20, v, z, a, j, b FROM src;
SELECT * FROM sums ORDER BY id;
-- UPDATE with values of another table, a row moved to another key.
BEGIN; UPDATE dst SET v = src.v, a = src.a FROM src WHERE src.id = dst.id % 10; UPDATE dst SET id = id + 1000 WHERE id > 20; COMMIT;
SELECT * FROM sums ORDER BY id;
-- CREATE TABLE AS, functions, a trigger, a procedure that commits.
BEGIN; CREATE TABLE neu USING kalamdb AS SELECT id, v, a FROM src; COMMIT;
SELECT id, length(v), length(a[1]) FROM neu ORDER BY id;
CREATE FUNCTION cp(n int) RETURNS void LANGUAGE sql AS 'INSERT INTO dst SELECT id + n, v, z, a, j, b FROM src';
SELECT cp(30); SELECT cp(40);
CREATE FUNCTION on_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO dst VALUES (NEW.id + 50, NEW.v, NEW.z, NEW.a, NEW.j, NEW.b); RETURN NULL; END $$;
CREATE TABLE other (LIKE src);
CREATE TRIGGER t AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION on_copy();
INSERT INTO other SELECT * FROM src;
CREATE PROCEDURE steps() LANGUAGE plpgsql AS $$
DECLARE
  r src; whole text;
BEGIN
  FOR r IN SELECT * FROM src ORDER BY id LOOP
    INSERT INTO dst VALUES (r.id + 60, r.v, r.z, r.a, r.j, r.b);
    COMMIT;
  END LOOP;
  SELECT v INTO whole FROM src WHERE id = 1;
  r.a := ARRAY['one'];
  r.a[2] := whole;  -- an array that is only in memory
  INSERT INTO dst VALUES (64, whole, whole, r.a, NULL, NULL);
  DELETE FROM src WHERE id = 1;
  COMMIT;
END $$;
CALL steps();
SELECT * FROM sums WHERE id >= 30 ORDER BY id;
SELECT length(a[2]), a[2] = v AS same FROM dst WHERE id = 64;
-- Partitions: rows that move out of an ordinary one.
CREATE TABLE part (id bigint, v text, a text[]) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
ALTER TABLE part_1 ALTER v SET STORAGE EXTERNAL, ALTER a SET STORAGE EXTERNAL;
CREATE TABLE moved (id bigint PRIMARY KEY, v text, a text[]) USING kalamdb;
CREATE FOREIGN TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (200) SERVER kalam_server OPTIONS (namespace 'ktest00000_out_of_line', "table" 'moved');
INSERT INTO part SELECT id, v, a FROM copy;
BEGIN; UPDATE part SET id = id + 100; DROP TABLE other; TRUNCATE part_1; COMMIT;
SELECT tableoid::regclass, id, length(v), a[1] = v AS same FROM part ORDER BY id;

-- The source goes away in the same transaction: emptied, dropped, vacuumed by another session.
TRUNCATE src; SELECT fill();
BEGIN; INSERT INTO dst SELECT id + 70, v, z, a, j, b FROM src; TRUNCATE src; SELECT * FROM sums WHERE id BETWEEN 70 AND 79 ORDER BY id; COMMIT;
SELECT fill();
BEGIN; INSERT INTO dst SELECT id + 80, v, z, a, j, b FROM src; SAVEPOINT s; DELETE FROM dst WHERE id = 81; ROLLBACK TO s; DROP TABLE src CASCADE; SELECT * FROM sums WHERE id BETWEEN 80 AND 89 ORDER BY id; COMMIT;
SELECT * FROM sums WHERE id BETWEEN 70 AND 89 ORDER BY id;
BEGIN; INSERT INTO dst SELECT id + 90, v, z, a, j, b FROM copy WHERE id = 2; DELETE FROM copy WHERE id = 3; COMMIT;
-- As much as no memory holds: rows in a temporary file, part of them taken back.
SET work_mem = '64kB';
BEGIN;
INSERT INTO dst SELECT 2000 + i, c.v, c.z, c.a, c.j, c.b FROM copy c, generate_series(1, 30) i WHERE c.id = 1;
SAVEPOINT s;
UPDATE dst SET v = 'short' WHERE id > 2000;
INSERT INTO dst SELECT 3000 + i, c.v, c.z, c.a, c.j, c.b FROM copy c, generate_series(1, 3) i WHERE c.id = 1;
ROLLBACK TO s;
UPDATE dst SET v = 'short' WHERE id > 2020;
INSERT INTO dst SELECT 4000 + i, c.v, c.z, c.a, c.j, c.b FROM copy c, generate_series(1, 3) i WHERE c.id = 1;
SELECT count(*), sum(length(v)), sum(length(z)), sum(length(a[1])), count(DISTINCT j) FROM dst WHERE id > 2000;
COMMIT;
RESET work_mem;
SELECT count(*), sum(length(v)), sum(length(z)), sum(length(a[1])), count(DISTINCT j) FROM dst WHERE id > 2000;

SET client_min_messages = warning;
DROP TABLE part;
DROP SCHEMA ktest00000_out_of_line CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_out_of_line CASCADE') IS NOT NULL AS cleaned_up;

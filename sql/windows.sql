-- Answers of many rows, whose values are made in windows of them: the same rows as from a table of PostgreSQL.
\set VERBOSITY terse
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_windows;
CREATE SCHEMA heap_windows;
RESET client_min_messages;

CREATE TABLE ktest00000_windows.t (
  id int PRIMARY KEY, b bool, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric(20,4), t text,
  v varchar, by bytea, d date, tm time, ts timestamp, tz timestamptz, u uuid, empty text
) USING kalamdb;
CREATE TABLE heap_windows.t (
  id int PRIMARY KEY, b bool, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric(20,4), t text,
  v varchar, by bytea, d date, tm time, ts timestamp, tz timestamptz, u uuid, empty text
);
-- Texts up to and beyond the length of a short header, and of several bytes a character; NULLs in every column.
INSERT INTO heap_windows.t
  SELECT i,
         CASE WHEN i % 3 > 0 THEN i % 2 = 0 END,
         CASE WHEN i % 4 > 0 THEN i - 1300 END,
         CASE WHEN i % 5 > 0 THEN i * 3000000019::bigint END,
         CASE WHEN i % 6 > 0 THEN i * 0.25 END,
         CASE WHEN i % 7 > 0 THEN i / 7.0 END,
         CASE WHEN i % 8 > 0 THEN i * 1.0625 END,
         CASE WHEN i % 9 > 0 THEN repeat(chr(97 + i % 26), i % 140) END,
         CASE WHEN i % 10 > 0 THEN repeat('ä€😀', i % 20) END,
         CASE WHEN i % 11 > 0 THEN decode(repeat('00ff7f', i % 50), 'hex') END,
         CASE WHEN i % 12 > 0 THEN date '1960-01-01' + i * 13 END,
         CASE WHEN i % 13 > 0 THEN time '00:00' + i * interval '29.000001 s' END,
         CASE WHEN i % 14 > 0 THEN timestamp '1969-12-31 23:59:59.999999' + i * interval '1 day' END,
         CASE WHEN i % 15 > 0 THEN timestamptz '1969-12-31 23:59:59.999999+00' + i * interval '1 hour' END,
         CASE WHEN i % 16 > 0 THEN md5(i::text)::uuid END,
         NULL
  FROM generate_series(1, 2600) i;
INSERT INTO ktest00000_windows.t SELECT * FROM heap_windows.t;

SELECT count(*) FROM ktest00000_windows.t;
\set columns 'id, b, i2, i8, f4, f8, n, t, v, by, d, tm, ts, tz, u, empty'
SELECT count(*) FROM (SELECT :columns FROM heap_windows.t EXCEPT SELECT :columns FROM ktest00000_windows.t) missing;
SELECT count(*) FROM (SELECT :columns FROM ktest00000_windows.t EXCEPT SELECT :columns FROM heap_windows.t) surplus;
SELECT sum(length(t)), sum(octet_length(v)), sum(length(by)), min(d), max(tz), count(empty) FROM ktest00000_windows.t;
SELECT sum(length(t)), sum(octet_length(v)), sum(length(by)), min(d), max(tz), count(empty) FROM heap_windows.t;
-- Some of the columns, in another order.
SELECT u, t, id FROM ktest00000_windows.t WHERE id IN (17, 1024, 2600) ORDER BY id;

-- Read again, beside changes of the own transaction.
BEGIN;
UPDATE ktest00000_windows.t SET t = 'changed' WHERE id BETWEEN 100 AND 1100;
DELETE FROM ktest00000_windows.t WHERE id > 2500;
SELECT count(*), count(*) FILTER (WHERE t = 'changed') FROM ktest00000_windows.t;
ROLLBACK;
SELECT (SELECT count(t) FROM ktest00000_windows.t k WHERE k.id % 3 = i) AS texts FROM generate_series(0, 2) i;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, t FROM ktest00000_windows.t ORDER BY id;
FETCH ABSOLUTE 1030 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH ABSOLUTE 3 FROM c;
ROLLBACK;

-- Values that a narrower type cannot hold.
CREATE FOREIGN TABLE ktest00000_windows.narrow (id smallint, i8 int, i2 smallint, t varchar(9)) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_windows', "table" 't', table_type 'shared');
SELECT count(id), count(i2) FROM ktest00000_windows.narrow;
SELECT count(t) FROM ktest00000_windows.narrow;
\set VERBOSITY default
SELECT sum(i8) FROM ktest00000_windows.narrow;
\set VERBOSITY terse

SET client_min_messages = warning;
DROP SCHEMA ktest00000_windows, heap_windows CASCADE;

-- Every type keeps its values exactly, at the ends of its range too, in the transaction that writes them and after it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_types;
CREATE SCHEMA heap_types;
RESET client_min_messages;
\set q '''ktest00000_types'''

CREATE TABLE ktest00000_types.t (
  id int PRIMARY KEY, b bool, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric(20,4),
  n38 numeric(38,10), t text, v varchar(5), c char(4), js json, jb jsonb, by bytea, d date, tm time, ts timestamp,
  tz timestamptz, u uuid
) USING kalamdb;
CREATE TABLE heap_types.t (
  id int PRIMARY KEY, b bool, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric(20,4),
  n38 numeric(38,10), t text, v varchar(5), c char(4), js json, jb jsonb, by bytea, d date, tm time, ts timestamp,
  tz timestamptz, u uuid
);
CREATE FUNCTION compare.types(v text) RETURNS text LANGUAGE sql AS $$
  SELECT compare.run('ktest00000_types', 'INSERT INTO t VALUES ' || v)
$$;

SELECT compare.types($$(1, true, 1, 1, 1, 1, 1, 1, 1, 'x', 'x', 'x', '{}', '{}', 'x', '2024-02-29', '12:34:56.789', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.789+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')$$);
SELECT compare.types($$(2)$$);
SELECT compare.types($$(3, false, -32768, -2147483648, -9223372036854775808, '-Infinity', '-Infinity', -9999999999999999.9999, -9999999999999999999999999999.9999999999, '', '', '', 'null', 'null', '', '4713-01-01 BC', '00:00', '4713-01-01 00:00 BC', '4713-01-01 00:00+00 BC', '00000000-0000-0000-0000-000000000000')$$);
SELECT compare.types($$(4, true, 32767, 2147483647, 9223372036854775807, 'Infinity', 'Infinity', 9999999999999999.9999, 9999999999999999999999999999.9999999999, E'tab\t new\nline "quoted" \\ back', 'äöü€𝄞', 'ab', '{"a": [1, 2, {"b" : null}],  "a":2}', '{"a": [1, 2, {"b": null}], "z": "\u00e4"}', '\x00ff7f80', '5874897-12-31', '24:00', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff')$$);
SELECT compare.types($$(5, true, 0, 0, 9007199254740993, 'NaN', 'NaN', 0.0001, 0.0000000001, '𝄞 日本語 null', 'abcde', 'a  b', '"text"', '1.50', 'äöü', '1969-12-31', '23:59:59.999999', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', '6ecd8c99-4036-403d-bf84-cf8400f67836')$$);
SELECT compare.types($$(6, NULL, NULL, NULL, NULL, 1e-45, 5e-324, -0.0001, NULL, 'null', NULL, NULL, NULL, NULL, NULL, '1999-12-31', NULL, '1999-12-31 23:59:59.999999', '2000-01-01 00:00+00')$$);
SELECT compare.types($$(7, NULL, NULL, NULL, NULL, 3.4028235e38, 1.7976931348623157e308, 12.5)$$);
SELECT compare.types($$(8, NULL, NULL, NULL, NULL, 0.1, 0.1, 12.34565)$$);
SELECT compare.types($$(9, NULL, NULL, NULL, NULL, 16777217, 9007199254740993, 1)$$);
SELECT compare.run(:q, $$INSERT INTO t (id, f4, f8) SELECT 100 + i, (sin(i) * pow(10, (i % 70) - 35))::real, sin(i) * pow(10, (i * 7 % 600) - 300) FROM generate_series(1, 200) i$$);
SELECT compare.run(:q, $$SELECT id, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id < 100$$);
SELECT compare.run(:q, $$SELECT count(*), md5(string_agg(f4::text || f8::text, ',' ORDER BY id)) FROM t WHERE id > 100$$);
-- Bytes, and 24:00, make a row tagged JSON; without them rows are plain. Beside changes of another table all are tagged.
SELECT compare.run(:q, $$INSERT INTO t SELECT id + 1000, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, NULL::bytea, d, nullif(tm, '24:00'), ts, tz, u FROM t$$);
CREATE TABLE ktest00000_types.beside (id int PRIMARY KEY) USING kalamdb;
CREATE TABLE heap_types.beside (id int PRIMARY KEY);
BEGIN;
SELECT compare.run(:q, $$INSERT INTO beside VALUES (1), (2)$$);
SELECT compare.run(:q, $$INSERT INTO t SELECT id + 2000, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id < 1000$$);
SELECT compare.run(:q, $$INSERT INTO t SELECT id + 2000, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id BETWEEN 1000 AND 1999$$);
COMMIT;
SELECT compare.run(:q, $$SELECT id, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id BETWEEN 1000 AND 1099$$);
SELECT compare.run(:q, $$SELECT id, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id BETWEEN 2000 AND 2099$$);
SELECT compare.run(:q, $$SELECT id, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id BETWEEN 3000 AND 3099$$);
SELECT compare.run(:q, $$SELECT id / 1000, count(*), md5(string_agg(f4::text || f8::text, ',' ORDER BY id)) FROM t WHERE id % 1000 > 100 GROUP BY 1$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id > 1000$$);
-- In the journal, before anything was sent.
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET id = -id$$);
SELECT compare.run(:q, $$SELECT id, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id > -100$$);
ROLLBACK;
SELECT compare.run(:q, $$UPDATE t SET t = t || '!', n = n - 1 WHERE id < 100 AND id <> 3$$);
SELECT compare.run(:q, $$SELECT id, b, i2, i4, i8, f4, f8, n, n38, t, v, c, js, jb, by, d, tm, ts, tz, u FROM t WHERE id < 100$$);
-- Operators of PostgreSQL, on this side.
SELECT compare.run(:q, $$SELECT id FROM t WHERE f8 = 'NaN' OR f4 > 1e30$$);
SELECT compare.run(:q, $$SELECT id FROM t WHERE c = 'ab' OR v = 'abcde' OR jb @> '{"z": "ä"}'$$);
SELECT compare.run(:q, $$SELECT max(d), min(ts), max(tz), sum(n) FROM t WHERE id < 100$$);

-- What KalamDB cannot hold is refused before it is written.
INSERT INTO ktest00000_types.t (id, n) VALUES (50, 'NaN');
INSERT INTO ktest00000_types.t (id, n38) VALUES (50, 'NaN');
INSERT INTO ktest00000_types.t (id, d) VALUES (50, 'infinity');
INSERT INTO ktest00000_types.t (id, ts) VALUES (50, '-infinity');
INSERT INTO ktest00000_types.t (id, tz) VALUES (50, 'infinity');
-- Minus zero is zero there.
INSERT INTO ktest00000_types.t (id, f8) VALUES (51, '-0');
SELECT f8 FROM ktest00000_types.t WHERE id = 51;

-- A numeric without a scale is DECIMAL(38,10) there, whose ten decimals are nobody's choice: zeros at the end go. Where a
-- scale was declared, on either side, they stay.
CREATE TABLE ktest00000_types.bare (id int PRIMARY KEY, n numeric, s numeric(38,10), p numeric(10,2)) USING kalamdb;
CREATE TABLE heap_types.bare (id int PRIMARY KEY, n numeric, s numeric(38,10), p numeric(10,2));
SELECT compare.run(:q, $$INSERT INTO bare VALUES (1, 1.5, 1.5, 1.5), (2, 100, 100, 100), (3, 0, 0, 0), (4, -0.0000000001, -0.0000000001, -0.01),
  (5, 1234567890123456789012345678, 12345678901234567890, 12345678.9), (6, NULL, NULL, NULL), (7, -300.25, -300, -300)$$);
SELECT compare.run(:q, $$SELECT id, n, s, p FROM bare$$);
SELECT compare.run(:q, $$SELECT id, n::text, to_jsonb(n), n / 3, n * 1.10, s::text, p::text FROM bare$$);
SELECT compare.run(:q, $$SELECT sum(n), avg(n), min(n), max(n), string_agg(n::text, ' ' ORDER BY n) FROM bare WHERE id <> 5$$);
INSERT INTO ktest00000_types.bare (id, n) VALUES (8, 1.50), (9, 0.00000000001);
INSERT INTO ktest00000_types.bare (id, n) VALUES (8, 1.50);
SELECT n FROM ktest00000_types.bare WHERE id = 8;
CREATE FOREIGN TABLE ktest00000_types.seen (id int, n numeric(38,10), s numeric, p numeric) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_types', "table" 'bare');
SELECT n, s, p FROM ktest00000_types.seen WHERE id IN (1, 2) ORDER BY id;
DROP FOREIGN TABLE ktest00000_types.seen;
DROP TABLE ktest00000_types.bare;

-- Embeddings.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_types.emb (id INT PRIMARY KEY, v EMBEDDING(3), x TEXT)') IS NOT NULL AS created;
CREATE FOREIGN TABLE ktest00000_types.emb (id int, v real[]) SERVER kalam_server OPTIONS (table_type 'shared');
INSERT INTO ktest00000_types.emb VALUES (1, '{0.1, 1e-45, 3.4028235e38}'), (2, NULL);
SELECT * FROM ktest00000_types.emb ORDER BY id;
INSERT INTO ktest00000_types.emb VALUES (3, '{1,2}');
INSERT INTO ktest00000_types.emb VALUES (3, '{1,NULL,2}');
INSERT INTO ktest00000_types.emb VALUES (3, '{{1,2,3}}');
INSERT INTO ktest00000_types.emb VALUES (3, '{}');

-- Local types that cannot hold the remote ones.
CREATE FOREIGN TABLE ktest00000_types.emb_text (id int, v text OPTIONS (column_name 'v')) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_types', "table" 'emb', table_type 'shared');
\set VERBOSITY default
SELECT id FROM ktest00000_types.emb_text ORDER BY id;
INSERT INTO ktest00000_types.emb_text VALUES (9, 'x');
CREATE FOREIGN TABLE ktest00000_types.narrow (id int, i8 smallint, t varchar(2)) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_types', "table" 't', table_type 'shared');
SELECT id, i8 FROM ktest00000_types.narrow WHERE id = 3;
SELECT id, i8 FROM ktest00000_types.narrow WHERE id = 1;
SELECT id, t FROM ktest00000_types.narrow WHERE id = 4;
CREATE FOREIGN TABLE ktest00000_types.wrong (id int, i8 text) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_types', "table" 't', table_type 'shared');
CREATE FOREIGN TABLE ktest00000_types.missing (id int, nowhere int) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_types', "table" 't', table_type 'shared');

DROP FUNCTION compare.types;
DROP FOREIGN TABLE ktest00000_types.emb_text, ktest00000_types.narrow, ktest00000_types.emb;
DROP TABLE ktest00000_types.t, ktest00000_types.beside;
DROP SCHEMA ktest00000_types;
SET client_min_messages = warning;
DROP SCHEMA heap_types CASCADE;
SELECT kalam_exec('DROP TABLE ktest00000_types.emb') IS NOT NULL AS cleaned_up;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_types') IS NOT NULL AS cleaned_up;

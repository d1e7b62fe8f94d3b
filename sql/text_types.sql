-- Types that KalamDB keeps as text: arrays as JSON text, the others as their own. What is stored does not depend on the
-- session's settings, and comes back as it was.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_text_types;
CREATE SCHEMA heap_text_types;
CREATE TYPE compare.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN compare.tags AS text[] CHECK (cardinality(VALUE) < 5);
CREATE TYPE compare.pair AS (a int, b text);
CREATE TABLE compare.thing (id int);
RESET client_min_messages;
\set q '''ktest00000_text_types'''

CREATE TABLE ktest00000_text_types.t (
  id int PRIMARY KEY, t text[], i int[], b bigint[], f float8[], n numeric(10,2)[], bo bool[], ts timestamptz[], u uuid[],
  j jsonb[], m compare.mood[], v varchar(3)[], tags compare.tags, iv interval, r daterange, p point, e compare.mood,
  ip inet, tz timetz[]
) USING kalamdb;
CREATE TABLE heap_text_types.t (
  id int PRIMARY KEY, t text[], i int[], b bigint[], f float8[], n numeric(10,2)[], bo bool[], ts timestamptz[], u uuid[],
  j jsonb[], m compare.mood[], v varchar(3)[], tags compare.tags, iv interval, r daterange, p point, e compare.mood,
  ip inet, tz timetz[]
);
SELECT kalam_exec('SELECT column_name, data_type FROM system.columns WHERE namespace_id = ''ktest00000_text_types'' AND column_name IN (''t'', ''tags'', ''iv'') ORDER BY column_name LIMIT 10');

CREATE FUNCTION compare.texts(v text) RETURNS text LANGUAGE sql AS $$
  SELECT compare.run('ktest00000_text_types', 'INSERT INTO t VALUES ' || v)
$$;
SELECT compare.texts($$(1, '{a,b,NULL,"NULL",""}', '{1,-2,NULL}', '{9007199254740993,-9223372036854775808}', '{0.1,NaN,-Infinity,1e300}', '{1.10,-99999999.99}', '{t,f,NULL}', '{2024-02-29 12:34:56.789+02,infinity}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', ARRAY['{"a":[1,2]}', '[1,[2]]', '"s"', NULL]::jsonb[], '{sad,happy}', '{abc}', '{x,y}', '-1 day -02:03:04', '[2024-02-01,2024-03-01)', '(0.1,1e-300)', 'ok', '10.0.0.1/8', '{12:00+02}')$$);
SELECT compare.texts($$(2, '{}', '{{1,2},{3,4}}', '{{{1}},{{2}}}', '{}', NULL, '{{t},{f}}', '{}', '{}', '{}', '{}', '{}', '{}', '1 year 2 mons -3 days', 'empty', '(1,2)', 'sad', '::1')$$);
SELECT compare.texts($$(3, ARRAY[E'a"b\\c\n', '{x}', 'ä𝄞', '[1]'], '{{{{{{1}}}}}}')$$);
SELECT compare.run(:q, $$SELECT id, t, i, b, f, n, bo, ts, u, j, m, v, tags, iv, r, p, e, ip, tz FROM t$$);
SELECT compare.run(:q, $$SELECT id, t[1], i[2][1], cardinality(b), array_ndims(i), 'b' = ANY (t) FROM t$$);
SELECT compare.run(:q, $$SELECT id, x FROM t, unnest(t.t) x$$);
SELECT compare.run(:q, $$UPDATE t SET t = t || '{new}', i = NULL WHERE id = 1 RETURNING t, i$$);
BEGIN;
SELECT compare.run(:q, $$UPDATE t SET t = array_append(t, 'journal')$$);
SELECT compare.run(:q, $$SELECT id, t, j FROM t$$);
ROLLBACK;

-- What other clients of KalamDB see.
SELECT kalam_exec('SELECT id, t, i, iv, r FROM ktest00000_text_types.t ORDER BY id LIMIT 10');

-- The settings of the session that writes, and of the one that reads, do not matter.
SET intervalstyle = 'sql_standard';
SET datestyle = 'SQL, DMY';
SET extra_float_digits = -10;
SELECT compare.texts($$(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '-1 day +02:03:04', '[2024-02-01,2024-03-02)', '(0.1234567890123456,1)')$$);
RESET intervalstyle;
SET datestyle = 'German';
RESET extra_float_digits;
SELECT kalam_exec('SELECT iv, r, p FROM ktest00000_text_types.t WHERE id = 4 LIMIT 1');
RESET datestyle;
SELECT iv, r, p FROM ktest00000_text_types.t WHERE id = 4;
SET intervalstyle = 'sql_standard';
SET datestyle = 'SQL, DMY';
SELECT iv = '-1 day +02:03:04'::interval AS same_interval, r = daterange('01/02/2024', '02/03/2024') AS same_range, p <-> point(0.1234567890123456, 1) AS distance FROM ktest00000_text_types.t WHERE id = 4;
RESET intervalstyle;
RESET datestyle;

-- Nor does search_path: names are kept with their schemas.
CREATE TABLE ktest00000_text_types.names (id int PRIMARY KEY, c regclass, p regprocedure, t regtype, many regclass[]) USING kalamdb;
SET search_path = compare, pg_catalog;
INSERT INTO ktest00000_text_types.names VALUES (1, 'thing', 'texts(text)', 'mood', '{thing,pg_class}');
RESET search_path;
SELECT kalam_exec('SELECT c, p, t, many FROM ktest00000_text_types.names LIMIT 1');
SELECT c, p, t, many FROM ktest00000_text_types.names;
SET search_path = compare, pg_catalog;
SELECT c, p, t, many FROM ktest00000_text_types.names;
SELECT c = 'thing'::regclass AS same FROM ktest00000_text_types.names;
RESET search_path;
DROP TABLE ktest00000_text_types.names;

-- Nor how money is written. Where there is no such locale, it stays as it is.
CREATE DOMAIN compare.price AS money;
CREATE TABLE ktest00000_text_types.papers (id int PRIMARY KEY, x xml, m money, ms compare.price[]) USING kalamdb;
CREATE FUNCTION compare.german() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET lc_monetary = 'de_DE.UTF-8';
EXCEPTION WHEN invalid_parameter_value THEN
  NULL;
END
$$;
INSERT INTO ktest00000_text_types.papers VALUES (1, NULL, 1234.56::numeric::money, ARRAY[1.5::numeric::money]);
SELECT compare.german();
INSERT INTO ktest00000_text_types.papers VALUES (2, NULL, 1234.56::numeric::money, ARRAY[1.5::numeric::money]);
SELECT id, m::numeric, ms[1]::numeric FROM ktest00000_text_types.papers ORDER BY id;
RESET lc_monetary;
SELECT kalam_exec('SELECT id, m, ms FROM ktest00000_text_types.papers ORDER BY id LIMIT 2');
SELECT id, m::numeric, ms[1]::numeric FROM ktest00000_text_types.papers ORDER BY id;

-- Nor what counts as XML, in a server that knows XML at all.
DO $$
BEGIN
  UPDATE ktest00000_text_types.papers SET x = XMLPARSE(CONTENT 'no <b>document</b>');
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;
SET xmloption = document;
SELECT id FROM ktest00000_text_types.papers WHERE x::text <> 'no <b>document</b>';
RESET xmloption;
DROP TABLE ktest00000_text_types.papers;
DROP FUNCTION compare.german;
DROP DOMAIN compare.price;

-- Refused: what JSON text cannot give back, and what does not fit the type.
INSERT INTO ktest00000_text_types.t (id, i) VALUES (9, '[0:1]={1,2}');
INSERT INTO ktest00000_text_types.t (id, j) VALUES (9, ARRAY[ARRAY['1']]::jsonb[]);
INSERT INTO ktest00000_text_types.t (id, tags) VALUES (9, '{1,2,3,4,5}');
INSERT INTO ktest00000_text_types.t (id, j) VALUES (9, ARRAY['1', 'null']::jsonb[]);
CREATE TABLE ktest00000_text_types.pairs (id int PRIMARY KEY, p compare.pair[]) USING kalamdb;
CREATE TYPE compare.level AS ENUM ('low', 'high');
CREATE FUNCTION compare.level_json(compare.level) RETURNS json LANGUAGE sql AS $$ SELECT json_build_object('level', $1::text) $$;
CREATE TABLE ktest00000_text_types.levels (id int PRIMARY KEY, l compare.level[]) USING kalamdb;
DROP TABLE ktest00000_text_types.levels;
-- a cast to json changes nothing: it is not called
CREATE CAST (compare.level AS json) WITH FUNCTION compare.level_json(compare.level);
CREATE TABLE ktest00000_text_types.levels (id int PRIMARY KEY, l compare.level[]) USING kalamdb;
INSERT INTO ktest00000_text_types.levels VALUES (1, '{low,NULL,high}');
SELECT l, l[1] < l[3] AS ordered FROM ktest00000_text_types.levels;
SELECT kalam_exec('SELECT l FROM ktest00000_text_types.levels LIMIT 1');
DROP TABLE ktest00000_text_types.levels;

-- Text of others that is not what the column says.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_text_types.o (id INT PRIMARY KEY, a TEXT, j JSON)') IS NOT NULL AS created;
SELECT kalam_exec($$INSERT INTO ktest00000_text_types.o (id, a, j) VALUES (1, ' [ "a" , 5, null, true ] ', '["x", "y"]'), (2, '[[1],[2,3]]', NULL), (3, '[1,[2]]', NULL), (4, '{"a":1}', NULL), (5, 'a', NULL), (6, '[{"a":1}]', NULL), (7, '[[],[]]', NULL), (8, '"a"', NULL), (9, '{1,2}', NULL), (10, '[[],1]', NULL), (11, '[1,[]]', NULL), (12, '[[[]],[1]]', NULL), (13, '[["b"],[]]', NULL)$$);
CREATE FOREIGN TABLE ktest00000_text_types.o (id int, a text[], j text[]) SERVER kalam_server OPTIONS (table_type 'shared');
SELECT a, j FROM ktest00000_text_types.o WHERE id IN (1, 7) ORDER BY id;
SELECT a FROM ktest00000_text_types.o WHERE id = 2;
SELECT a FROM ktest00000_text_types.o WHERE id = 3;
SELECT a FROM ktest00000_text_types.o WHERE id = 4;
SELECT a FROM ktest00000_text_types.o WHERE id = 5;
\set VERBOSITY default
SELECT a FROM ktest00000_text_types.o WHERE id = 6;
\set VERBOSITY terse
SELECT a FROM ktest00000_text_types.o WHERE id = 8;
SELECT a FROM ktest00000_text_types.o WHERE id = 9;
SELECT a FROM ktest00000_text_types.o WHERE id = 10;
SELECT a FROM ktest00000_text_types.o WHERE id = 11;
SELECT a FROM ktest00000_text_types.o WHERE id = 12;
SELECT a FROM ktest00000_text_types.o WHERE id = 13;
UPDATE ktest00000_text_types.o SET a = '{"a b",NULL}', j = '{{1,2},{3,4}}' WHERE id = 9;
SELECT a, j FROM ktest00000_text_types.o WHERE id = 9;

DROP FUNCTION compare.texts;
DROP TABLE compare.thing;
DROP FOREIGN TABLE ktest00000_text_types.o;
DROP TABLE ktest00000_text_types.t;
DROP SCHEMA ktest00000_text_types;
SET client_min_messages = warning;
DROP SCHEMA heap_text_types CASCADE;
SELECT kalam_exec('DROP TABLE ktest00000_text_types.o') IS NOT NULL AS cleaned_up;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_text_types') IS NOT NULL AS cleaned_up;

-- PRIMARY KEY (a, b): a column of text that is generated from them is KalamDB's key. Equal if and only if the parts are.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_key_of_columns;
CREATE SCHEMA heap_key_of_columns;
RESET client_min_messages;
\set q '''ktest00000_key_of_columns'''
CREATE TABLE ktest00000_key_of_columns.member (a int, b bigint, since date, PRIMARY KEY (a, b)) USING kalamdb;
CREATE TABLE heap_key_of_columns.member (a int, b bigint, since date, PRIMARY KEY (a, b));
CREATE TABLE ktest00000_key_of_columns.word (t text, n varchar(10), v int, CONSTRAINT word_pkey PRIMARY KEY (t, n)) USING kalamdb;
CREATE TABLE heap_key_of_columns.word (t text, n varchar(10), v int, CONSTRAINT word_pkey PRIMARY KEY (t, n));
CREATE TABLE ktest00000_key_of_columns.tenant (tenant uuid, id smallint, f boolean, v int, PRIMARY KEY (tenant, id, f)) USING kalamdb;
CREATE TABLE heap_key_of_columns.tenant (tenant uuid, id smallint, f boolean, v int, PRIMARY KEY (tenant, id, f));
SELECT attrelid::regclass, attname, attnotnull, attgenerated, pg_get_expr(adbin, adrelid) FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid::regclass::text LIKE 'ktest00000%' ORDER BY 1;
SELECT kalam_exec('SELECT table_name, column_name, nullable, primary_key FROM system.columns WHERE namespace_id = ''ktest00000_key_of_columns'' AND table_name <> ''word'' AND ordinal <= 5 ORDER BY table_name, ordinal LIMIT 20');

-- Rows, unique by their parts.
SELECT compare.run(:q, $$INSERT INTO member (a, b) SELECT i, j FROM generate_series(-3, 12) i, generate_series(-1, 12) j$$);
SELECT compare.run(:q, $$INSERT INTO member VALUES (1, 11, NULL)$$);
SELECT compare.run(:q, $$INSERT INTO member VALUES (11, 1, NULL), (11, 1, NULL)$$);
SELECT compare.run(:q, $$INSERT INTO member (a) VALUES (1)$$);
SELECT compare.run(:q, $$INSERT INTO member VALUES (NULL, 1)$$);
SELECT compare.run(:q, $$INSERT INTO member VALUES (1, 11), (100, 100) ON CONFLICT DO NOTHING$$);
SELECT compare.run(:q, $$UPDATE member SET since = '2024-01-01' WHERE a = 1 AND b = 11 RETURNING a, b, since$$);
SELECT compare.run(:q, $$UPDATE member SET a = 200 WHERE a = 1 AND b = 11 RETURNING a, b, since$$);
SELECT compare.run(:q, $$INSERT INTO member VALUES (1, 11)$$);
SELECT compare.run(:q, $$UPDATE member SET a = 1 WHERE a = 200$$);
SELECT compare.run(:q, $$DELETE FROM member WHERE b = 3 RETURNING a, b$$);
SELECT compare.run(:q, $$SELECT a, b, since FROM member$$);
-- Texts that a careless separator would mix up.
SELECT compare.run(:q, $$INSERT INTO word VALUES ('a', 'b:c', 1), ('a:b', 'c', 2), ('a\', ':b', 3), ('a\:', 'b', 4), ('a', '\:b', 5), ('', ':', 6), (':', '', 7), ('\', '\', 8), ('\\', '', 9), ('', '\\', 10), ('a:', 'b', 11), ('a', ':b', 12), ('', '', 13), ('ä', 'ß', 14), ('A', 'b:c', 15)$$);
SELECT compare.run(:q, $$INSERT INTO word SELECT t, n, v + 100 FROM word ON CONFLICT DO NOTHING$$);
SELECT compare.run(:q, $$INSERT INTO word VALUES ('a:b', 'c', 2)$$);
SELECT compare.run(:q, $$SELECT t, n, v FROM word$$);
SELECT compare.run(:q, $$SELECT count(DISTINCT (t, n)), count(*) FROM word$$);
SELECT count(DISTINCT id) FROM ktest00000_key_of_columns.word;
-- The parts can be read back from it.
SELECT count(*) FROM ktest00000_key_of_columns.word WHERE id = replace(replace(t, '\', '\\'), ':', '\:') || ':' || n;
SELECT count(*) FROM (SELECT t, n, regexp_match(id, '^((?:[^:\\]|\\.)*):(.*)$') AS parts FROM ktest00000_key_of_columns.word) w WHERE t = replace(replace(parts[1], '\:', ':'), '\\', '\') AND n = parts[2] OR t LIKE '%\\%';
SELECT compare.run(:q, $$INSERT INTO tenant VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 1, true, 1), ('{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}', 1, false, 2)$$);
SELECT compare.run(:q, $$INSERT INTO tenant VALUES ('a0eebc999c0b4ef8bb6d6bb9bd380a11', 1, 'yes', 3)$$);
SELECT row_key, v FROM ktest00000_key_of_columns.tenant ORDER BY row_key;

-- Looked up by it.
EXPLAIN (COSTS OFF) SELECT * FROM ktest00000_key_of_columns.member WHERE id = 2 || ':' || 5;
SELECT a, b FROM ktest00000_key_of_columns.member WHERE id = 2 || ':' || 5 FOR UPDATE;
INSERT INTO ktest00000_key_of_columns.member VALUES (2, 5, '2024-02-02') ON CONFLICT (id) DO UPDATE SET since = EXCLUDED.since RETURNING *;
INSERT INTO ktest00000_key_of_columns.member VALUES (2, 5, '2024-02-02') ON CONFLICT (a, b) DO NOTHING;
INSERT INTO ktest00000_key_of_columns.member (a, b, id) VALUES (2, 5, 'x');

-- By other statements.
CREATE TABLE ktest00000_key_of_columns.copied (LIKE heap_key_of_columns.word INCLUDING ALL) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.again (LIKE ktest00000_key_of_columns.word INCLUDING ALL) USING kalamdb;
CREATE FOREIGN TABLE ktest00000_key_of_columns.foreign (a int, b int, PRIMARY KEY (b, a)) SERVER kalam_server;
INSERT INTO ktest00000_key_of_columns.foreign VALUES (1, 2) RETURNING *;
CREATE FOREIGN TABLE ktest00000_key_of_columns.shown (a int, b int, id text) SERVER kalam_server OPTIONS ("table" 'foreign');
SELECT * FROM ktest00000_key_of_columns.shown;

-- Refused.
CREATE TABLE ktest00000_key_of_columns.bad (a date, b int, PRIMARY KEY (a, b)) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.bad (a numeric(5,2), b int, PRIMARY KEY (a, b)) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.bad (a char(3), b int, PRIMARY KEY (a, b)) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.bad (a int, b int, PRIMARY KEY (a, c)) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.bad (a int, b int, PRIMARY KEY (a, a)) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.bad (a int PRIMARY KEY, b int, PRIMARY KEY (a, b)) USING kalamdb;
CREATE TABLE ktest00000_key_of_columns.bad (a int, b int, PRIMARY KEY (a, b) DEFERRABLE) USING kalamdb;
ALTER TABLE ktest00000_key_of_columns.member ADD PRIMARY KEY (a, b);

SET client_min_messages = warning;
DROP SCHEMA ktest00000_key_of_columns CASCADE;
DROP SCHEMA heap_key_of_columns CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_key_of_columns CASCADE') IS NOT NULL AS cleaned_up;

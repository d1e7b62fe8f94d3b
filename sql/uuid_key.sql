-- A key of type uuid is text in KalamDB, written as PostgreSQL writes it: looked up by, joined by, locked by, and unique.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_uuid_key;
CREATE SCHEMA heap_uuid_key;
RESET client_min_messages;
\set q '''ktest00000_uuid_key'''
CREATE DOMAIN compare.uuid_ref AS uuid CHECK (VALUE <> '00000000-0000-0000-0000-000000000000');
CREATE FUNCTION compare.uuid_of(i int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$SELECT md5(i::text)::uuid$$;
CREATE TABLE ktest00000_uuid_key.t (v int, id uuid PRIMARY KEY DEFAULT gen_random_uuid(), w text) USING kalamdb;
CREATE TABLE heap_uuid_key.t (v int, id uuid PRIMARY KEY DEFAULT gen_random_uuid(), w text);
CREATE TABLE ktest00000_uuid_key.d (id compare.uuid_ref PRIMARY KEY, t uuid) USING kalamdb;
CREATE TABLE heap_uuid_key.d (id compare.uuid_ref PRIMARY KEY, t uuid);
CREATE TABLE ktest00000_uuid_key.m (code uuid PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
CREATE TABLE heap_uuid_key.m (code uuid PRIMARY KEY, v int);
-- KalamDB names the column's type, the foreign table keeps uuid.
SELECT kalam_exec('SELECT column_name, data_type, primary_key FROM system.columns WHERE namespace_id = ''ktest00000_uuid_key'' AND primary_key ORDER BY table_name LIMIT 10');
SELECT attrelid::regclass, attname, atttypid::regtype, attnotnull, attfdwoptions FROM pg_attribute WHERE attrelid::regclass::text LIKE 'ktest00000\_uuid\_key.%' AND attfdwoptions IS NOT NULL ORDER BY 1;

-- Values in any spelling are one value.
SELECT compare.run(:q, $$INSERT INTO t SELECT i, compare.uuid_of(i), 'w' || i FROM generate_series(1, 100) i$$);
SELECT compare.run(:q, $$INSERT INTO t (v, id) VALUES (101, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), (102, '{b0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}'), (103, 'c0eebc999c0b4ef8bb6d6bb9bd380a11')$$);
SELECT compare.run(:q, $$INSERT INTO d SELECT compare.uuid_of(i), compare.uuid_of(i % 7) FROM generate_series(1, 20) i$$);
SELECT compare.run(:q, $$INSERT INTO d VALUES ('00000000-0000-0000-0000-000000000000', NULL)$$);
INSERT INTO ktest00000_uuid_key.t (v) VALUES (200) RETURNING id IS NOT NULL AS made, v;
DELETE FROM ktest00000_uuid_key.t WHERE v = 200;
SELECT kalam_exec('SELECT id FROM ktest00000_uuid_key.t WHERE v > 100 ORDER BY v LIMIT 10');

-- Looked up.
SET search_path = ktest00000_uuid_key, public;
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id = 'A0EEBC999C0B4EF8BB6D6BB9BD380A11';
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id IN (compare.uuid_of(1), compare.uuid_of(2), NULL);
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id = compare.uuid_of(1) OR id = compare.uuid_of(2);
EXPLAIN (COSTS OFF) SELECT * FROM d WHERE id = compare.uuid_of(1);
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id > compare.uuid_of(1) AND id < compare.uuid_of(2);
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id::text = 'a';
EXPLAIN (COSTS OFF) UPDATE t SET v = 1 WHERE id = compare.uuid_of(1);
EXPLAIN (COSTS OFF) SELECT o.k, t.v FROM (VALUES (compare.uuid_of(1)), (compare.uuid_of(2))) o(k) JOIN t ON t.id = o.k;
PREPARE one(uuid) AS SELECT v FROM t WHERE id = $1;
PREPARE several(uuid[]) AS SELECT v FROM t WHERE id = ANY ($1) ORDER BY v;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE one(NULL);
EXECUTE one('B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
EXECUTE several(ARRAY[compare.uuid_of(5), compare.uuid_of(4), NULL, compare.uuid_of(4), 'f0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']);
RESET plan_cache_mode;
RESET search_path;
SELECT compare.run(:q, $$SELECT v, id FROM t WHERE id = 'A0EEBC999C0B4EF8BB6D6BB9BD380A11'$$);
SELECT compare.run(:q, $$SELECT v, id FROM t WHERE id IN (compare.uuid_of(1), compare.uuid_of(2), NULL, compare.uuid_of(999))$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id = ANY (ARRAY(SELECT compare.uuid_of(i) FROM generate_series(50, 150) i))$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id > compare.uuid_of(1) AND id < compare.uuid_of(2)$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id::text LIKE 'a0eebc99-%'$$);
SELECT compare.run(:q, $$SELECT v, id FROM t ORDER BY id LIMIT 5$$);
SELECT compare.run(:q, $$SELECT array_agg(v ORDER BY id) FROM t$$);
SELECT compare.run(:q, $$SELECT min(id::text), max(id::text), count(DISTINCT id) FROM t$$);
SELECT compare.run(:q, $$SELECT d.id, d.t, t.v FROM d JOIN t ON t.id = d.t$$);
SELECT compare.run(:q, $$SELECT d.id, d.t, t.v FROM d LEFT JOIN t ON t.id = d.t$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE EXISTS (SELECT 1 FROM d WHERE d.t = t.id)$$);

-- Changed, locked, unique.
SELECT compare.run(:q, $$UPDATE t SET v = v + 1000 WHERE id = compare.uuid_of(1) RETURNING v, id$$);
SELECT compare.run(:q, $$UPDATE t SET w = 'all' WHERE v < 5 RETURNING v, id$$);
SELECT compare.run(:q, $$UPDATE t SET id = compare.uuid_of(-2) WHERE id = compare.uuid_of(2) RETURNING v, id$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id IN (compare.uuid_of(3), compare.uuid_of(4)) RETURNING v$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id = compare.uuid_of(5) FOR UPDATE$$);
SELECT compare.run(:q, $$SELECT v FROM t WHERE id IN (compare.uuid_of(5), compare.uuid_of(6)) FOR SHARE$$);
SELECT compare.run(:q, $$INSERT INTO t (v, id) VALUES (1, compare.uuid_of(5)) ON CONFLICT (id) DO UPDATE SET v = t.v + 1000, w = EXCLUDED.id::text RETURNING v, id, w$$);
SELECT compare.run(:q, $$INSERT INTO t (v, id) VALUES (1, compare.uuid_of(5)), (300, compare.uuid_of(300)) ON CONFLICT DO NOTHING$$);
SELECT compare.run(:q, $$INSERT INTO d (id) VALUES (compare.uuid_of(1)) ON CONFLICT (id) DO UPDATE SET t = NULL RETURNING *$$);
SELECT compare.run(:q, $$INSERT INTO t (v, id) VALUES (1, compare.uuid_of(400)), (2, upper(compare.uuid_of(400)::text)::uuid)$$);
SELECT compare.run(:q, $$INSERT INTO t (v, id) VALUES (1, NULL)$$);
INSERT INTO ktest00000_uuid_key.t (v, id) VALUES (1, compare.uuid_of(5));
SELECT compare.run(:q, $$SELECT v, id, w FROM t$$);
BEGIN;
INSERT INTO ktest00000_uuid_key.t (v, id) VALUES (7, compare.uuid_of(500));
UPDATE ktest00000_uuid_key.t SET v = v + 1 WHERE id = compare.uuid_of(500);
SELECT v FROM ktest00000_uuid_key.t WHERE id = compare.uuid_of(500);
SELECT count(*) FROM ktest00000_uuid_key.t WHERE id IN (compare.uuid_of(500), compare.uuid_of(6));
ROLLBACK;
SET kalam.user_id = 'alice';
INSERT INTO ktest00000_uuid_key.m SELECT compare.uuid_of(i), i FROM generate_series(1, 3) i;
UPDATE ktest00000_uuid_key.m SET v = 20 WHERE code = compare.uuid_of(2);
SELECT v FROM ktest00000_uuid_key.m WHERE code IN (compare.uuid_of(1), compare.uuid_of(2)) ORDER BY code;
SET kalam.user_id = 'bob';
SELECT v FROM ktest00000_uuid_key.m WHERE code = compare.uuid_of(1);
RESET kalam.user_id;
CREATE TABLE ktest00000_uuid_key.copy (LIKE ktest00000_uuid_key.t INCLUDING ALL) USING kalamdb;
CREATE TABLE ktest00000_uuid_key.made USING kalamdb AS SELECT id, v FROM heap_uuid_key.t WHERE v > 100 AND v < 104;
SELECT v FROM ktest00000_uuid_key.made WHERE id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

-- Texts that other clients have stored. Where the table says that there are none, each one is an error.
SELECT kalam_exec('INSERT INTO ktest00000_uuid_key.made (id, v) VALUES (''D0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'', 5)') IS NOT NULL AS stored;
SELECT v FROM ktest00000_uuid_key.made WHERE id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT id FROM ktest00000_uuid_key.made;
DELETE FROM ktest00000_uuid_key.made WHERE v = 5;
SELECT count(*) FROM ktest00000_uuid_key.made;
-- Else they are found by reading, and not changed.
CREATE FOREIGN TABLE ktest00000_uuid_key.any_text (id uuid NOT NULL, v int) SERVER kalam_server OPTIONS ("table" 'made');
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_uuid_key.any_text WHERE id = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT id, v FROM ktest00000_uuid_key.any_text WHERE id = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT id, v FROM ktest00000_uuid_key.any_text ORDER BY id;
UPDATE ktest00000_uuid_key.any_text SET v = 6 WHERE id = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
DELETE FROM ktest00000_uuid_key.any_text;
INSERT INTO ktest00000_uuid_key.any_text VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1) ON CONFLICT (id) DO NOTHING;
BEGIN;
INSERT INTO ktest00000_uuid_key.any_text VALUES ('d0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 7);
SELECT id, v FROM ktest00000_uuid_key.any_text;
ROLLBACK;
SELECT kalam_exec('DELETE FROM ktest00000_uuid_key.made WHERE v = 5') IS NOT NULL AS gone;
UPDATE ktest00000_uuid_key.any_text SET v = v + 1000 WHERE id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' RETURNING v;
-- The option can be given.
ALTER FOREIGN TABLE ktest00000_uuid_key.any_text ALTER COLUMN id OPTIONS (ADD canonical 'true');
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_uuid_key.any_text WHERE id = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT v FROM ktest00000_uuid_key.any_text WHERE id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' FOR UPDATE;
ALTER FOREIGN TABLE ktest00000_uuid_key.any_text ALTER COLUMN id OPTIONS (SET canonical 'perhaps');
CREATE FOREIGN TABLE ktest00000_uuid_key.known (id uuid OPTIONS (canonical 'true') NOT NULL, v int) SERVER kalam_server OPTIONS ("table" 'made');
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_uuid_key.known WHERE id = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
-- Other types whose texts differ are read, and not changed either.
CREATE FOREIGN TABLE ktest00000_uuid_key.blanks (id char(40), v int) SERVER kalam_server OPTIONS ("table" 'made');
SELECT kalam_exec('INSERT INTO ktest00000_uuid_key.made (id, v) VALUES (''a  '', 5)') IS NOT NULL AS stored;
SELECT count(*) FROM ktest00000_uuid_key.blanks WHERE id = 'a';
UPDATE ktest00000_uuid_key.blanks SET v = 6 WHERE id = 'a';

SET client_min_messages = warning;
DROP SCHEMA ktest00000_uuid_key CASCADE;
DROP SCHEMA heap_uuid_key CASCADE;
DROP DOMAIN compare.uuid_ref;
DROP FUNCTION compare.uuid_of;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_uuid_key CASCADE') IS NOT NULL AS cleaned_up;

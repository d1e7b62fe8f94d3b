-- A range of an integer key, and an OR of equalities on it, are lists of keys: lookups in flight.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_range;
CREATE SCHEMA heap_range;
RESET client_min_messages;
\set q '''ktest00000_range'''
CREATE TABLE ktest00000_range.b (id bigint PRIMARY KEY, v int) USING kalamdb;
CREATE TABLE heap_range.b (id bigint PRIMARY KEY, v int);
CREATE TABLE ktest00000_range.i (id int PRIMARY KEY, v int) USING kalamdb;
CREATE TABLE heap_range.i (id int PRIMARY KEY, v int);
CREATE TABLE ktest00000_range.s (id smallint PRIMARY KEY, v int) USING kalamdb;
CREATE TABLE heap_range.s (id smallint PRIMARY KEY, v int);
SELECT compare.run(:q, $$INSERT INTO b SELECT i * 3, i FROM generate_series(-100, 400) i$$);
SELECT compare.run(:q, $$INSERT INTO b VALUES (9223372036854775807, 1), (9223372036854775805, 2), (-9223372036854775808, 3), (-9223372036854775806, 4)$$);
SELECT compare.run(:q, $$INSERT INTO i SELECT i, i FROM generate_series(-50, 150) i$$);
SELECT compare.run(:q, $$INSERT INTO i VALUES (2147483647, 1), (2147483645, 2), (-2147483648, 3)$$);
SELECT compare.run(:q, $$INSERT INTO s SELECT i, i FROM generate_series(-50, 150) i$$);
SELECT compare.run(:q, $$INSERT INTO s VALUES (32767, 1), (32765, 2), (-32768, 3)$$);

SET search_path = ktest00000_range;
-- What EXPLAIN shows.
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id BETWEEN 10 AND 29;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id > 10 AND 29 >= id AND v > 2;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id >= 10::smallint AND id < 29::int;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id = 1 OR id = 5 OR id IN (7, 9);
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id = 1 OR (id BETWEEN 5 AND 9 AND v > 2);
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id BETWEEN SYMMETRIC 9 AND 5;
EXPLAIN (COSTS OFF) SELECT * FROM s WHERE id >= 32760;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id >= 9223372036854775800;
-- These are no lists of keys.
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id BETWEEN 10 AND 2000000;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id >= 10;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id = 1 OR v = 2;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id = 1 OR id > 5;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id >= 10.5 AND id <= 20.5;
EXPLAIN (COSTS OFF) SELECT * FROM b WHERE id >= v AND id <= 20;

-- The calls that are made.
CREATE FUNCTION compare.calls(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF, TIMING OFF, SUMMARY OFF, ANALYZE) ' || query LOOP
    CONTINUE WHEN line ~ 'Bytes Received|Calls|Remote Table|Planning|Index Searches';
    RETURN NEXT regexp_replace(line, '(rows=\d+)\.00', '\1');
  END LOOP;
END $$;
SELECT compare.calls('SELECT 1 FROM b WHERE id BETWEEN 10 AND 29');
SELECT compare.calls('SELECT 1 FROM b WHERE id BETWEEN 29 AND 10');
SELECT compare.calls('SELECT 1 FROM b WHERE id > 9223372036854775807 AND id < 10');
SELECT compare.calls('SELECT 1 FROM b WHERE id = 3 OR id = 6 OR id = 3 OR id IN (6, 9, 10)');

-- Rows.
SELECT compare.run(:q, $$SELECT * FROM b WHERE id BETWEEN 10 AND 29$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id > 9 AND id < 12$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id >= 9 AND id <= 12$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE 9 < id AND 12 > id$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id BETWEEN -5 AND 5$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id BETWEEN 29 AND 10$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id > 9 AND id < 10$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id BETWEEN NULL AND 10$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id > 3 AND id > 12 AND id < 40 AND id <= 18$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id >= 9223372036854775804$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id > 9223372036854775805$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id > 9223372036854775807$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id <= -9223372036854775805$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id < -9223372036854775808$$);
SELECT compare.run(:q, $$SELECT * FROM b WHERE id BETWEEN -9223372036854775808 AND 9223372036854775807 AND v < -98$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id > 2147483644$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id < -2147483640$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id BETWEEN 2147483640 AND 9223372036854775807$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id BETWEEN 3000000000 AND 3000000010$$);
SELECT compare.run(:q, $$SELECT * FROM s WHERE id > 32760$$);
SELECT compare.run(:q, $$SELECT * FROM s WHERE id BETWEEN 32760 AND 2147483647$$);
SELECT compare.run(:q, $$SELECT * FROM s WHERE id BETWEEN 140 AND 9223372036854775807 AND id < 145::bigint$$);
SELECT compare.run(:q, $$SELECT * FROM s WHERE id <= -32760$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id = 1 OR id = 5 OR id IN (7, 9, NULL)$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id = 1 OR id = 5::bigint OR id = ANY ('{7,8}'::smallint[])$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id = 1 OR (id BETWEEN 5 AND 9 AND v % 2 = 0)$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id = 1 OR (id IN (5, 6, 7, 8) AND id < 7)$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE (id = 1 OR id = 5) AND v = 5$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE (id = 1 OR id = 5) AND (id = 5 OR id = 6)$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id = 3 OR id = NULL$$);
SELECT compare.run(:q, $$SELECT * FROM i WHERE id BETWEEN 1 AND 10 AND id IN (5, 20)$$);
SELECT compare.run(:q, $$SELECT count(*) FROM b WHERE id BETWEEN 0 AND 999$$);
SELECT compare.run(:q, $$SELECT count(*) FROM b WHERE id BETWEEN 0 AND 1000$$);

-- Bounds from other relations: of a row that is known while planning, of outer rows, of a column that equals the key.
EXPLAIN (COSTS OFF) SELECT b.* FROM (VALUES (10, 19)) r (low, high) JOIN b ON b.id BETWEEN r.low AND r.high;
SELECT compare.run(:q, $$SELECT b.* FROM (VALUES (10, 19)) r (low, high) JOIN b ON b.id BETWEEN r.low AND r.high$$);
SELECT compare.run(:q, $$SELECT r.low, b.* FROM (VALUES (10, 19), (15, 24), (NULL, 3), (9, 1)) r (low, high) LEFT JOIN b ON b.id BETWEEN r.low AND r.high$$);
SELECT compare.run(:q, $$SELECT r.low, (SELECT sum(v) FROM b WHERE id >= r.low AND id < r.low + 10) FROM (VALUES (10), (-20), (NULL), (9000000)) r (low)$$);
CREATE TEMP TABLE local_rows AS SELECT i FROM generate_series(1, 2000) i;
ANALYZE local_rows;
EXPLAIN (COSTS OFF) SELECT l.i, b.v FROM local_rows l JOIN b ON b.id = l.i WHERE l.i BETWEEN 20 AND 40;
SELECT l.i, b.v FROM local_rows l JOIN b ON b.id = l.i WHERE l.i BETWEEN 20 AND 40 ORDER BY 1;
SELECT count(*), count(b.v) FROM local_rows l LEFT JOIN b ON b.id = l.i AND l.i BETWEEN 20 AND 40;
SELECT count(*), count(l.i) FROM b LEFT JOIN local_rows l ON b.id = l.i AND l.i BETWEEN 20 AND 40;
SELECT count(*), count(l.i) FROM local_rows l FULL JOIN b ON b.id = l.i AND l.i BETWEEN 20 AND 40;
SELECT count(*) FROM b WHERE NOT EXISTS (SELECT FROM local_rows l WHERE l.i = b.id AND l.i BETWEEN 20 AND 40);
SELECT count(*) FROM b WHERE EXISTS (SELECT FROM local_rows l WHERE l.i = b.id AND l.i BETWEEN 20 AND 40);

-- Prepared statements: how much a range spans is known when it is executed.
SET plan_cache_mode = force_generic_plan;
PREPARE ranged(bigint, bigint) AS SELECT count(*), min(id), max(id) FROM b WHERE id >= $1 AND id < $2;
EXPLAIN (COSTS OFF) EXECUTE ranged(0, 10);
EXECUTE ranged(0, 10);
EXECUTE ranged(10, 0);
EXECUTE ranged(0, NULL);
EXECUTE ranged(NULL, 0);
EXECUTE ranged(-9223372036854775808, 9223372036854775807);
EXECUTE ranged(9223372036854775800, 9223372036854775807);
EXECUTE ranged(-9223372036854775808, -9223372036854775808);
SELECT compare.calls('EXECUTE ranged(0, 10)');
SELECT compare.calls('EXECUTE ranged(0, 1000000)');
PREPARE mixed(smallint, int) AS SELECT count(*), min(id), max(id) FROM b WHERE id BETWEEN $1 AND $2;
EXECUTE mixed(-10::smallint, 10);
PREPARE either(bigint, bigint, bigint[]) AS SELECT id, v FROM b WHERE id = $1 OR id = $2 OR id = ANY ($3) ORDER BY id;
EXPLAIN (COSTS OFF) EXECUTE either(3, 6, '{9}');
EXECUTE either(3, 6, '{9,3,10}');
EXECUTE either(NULL, 6, NULL);
RESET plan_cache_mode;

-- The transaction's own rows.
BEGIN;
INSERT INTO b VALUES (10, 1000), (11, 1001), (500000, 1002);
UPDATE b SET v = v + 1 WHERE id = 12;
DELETE FROM b WHERE id = 15;
SELECT * FROM b WHERE id BETWEEN 9 AND 18 ORDER BY id;
SELECT * FROM b WHERE id = 10 OR id = 12 OR id = 15 ORDER BY id;
EXECUTE ranged(9, 19);
EXECUTE ranged(9, 600000);
SELECT compare.calls('SELECT 1 FROM b WHERE id BETWEEN 9 AND 18');
ROLLBACK;

-- Changes.
SELECT compare.run(:q, $$UPDATE b SET v = v + 1 WHERE id BETWEEN 100 AND 199 RETURNING id, v$$);
SELECT compare.run(:q, $$UPDATE b SET v = v + 1 WHERE id BETWEEN 100 AND 199 AND v % 2 = 0$$);
SELECT compare.run(:q, $$UPDATE b SET v = v + 1 WHERE id = 3 OR id = 6 OR id = 7$$);
SELECT compare.run(:q, $$DELETE FROM b WHERE id >= 200 AND id < 250$$);
SELECT compare.run(:q, $$DELETE FROM b WHERE id BETWEEN 10 AND 5$$);
SELECT compare.run(:q, $$UPDATE b SET id = id + 1 WHERE id BETWEEN 30 AND 33$$);
EXPLAIN (COSTS OFF) UPDATE b SET v = v + 1 WHERE id BETWEEN 100 AND 109;
EXPLAIN (COSTS OFF) DELETE FROM b WHERE id BETWEEN 100 AND 109;
SET plan_cache_mode = force_generic_plan;
PREPARE changing(bigint, bigint) AS UPDATE b SET v = v + 1 WHERE id BETWEEN $1 AND $2;
PREPARE removing(bigint, bigint) AS DELETE FROM b WHERE id BETWEEN $1 AND $2 RETURNING id;
EXECUTE changing(300, 310);
EXECUTE changing(300, 3000000);
EXECUTE removing(300, 306);
EXECUTE removing(1100, 3000000) \g /dev/null
RESET plan_cache_mode;
SELECT count(*), sum(v) FROM b;

-- Rows of a range are locked, whether it names its keys or spans too many.
SELECT id FROM b WHERE id BETWEEN 9 AND 15 ORDER BY id FOR UPDATE;
SELECT count(*), max(id) FROM (SELECT id FROM b WHERE id BETWEEN 9 AND 2000000 FOR UPDATE) locked;
SET plan_cache_mode = force_generic_plan;
PREPARE locking(bigint, bigint) AS SELECT count(*), max(id) FROM (SELECT id FROM b WHERE id BETWEEN $1 AND $2 FOR SHARE) locked;
EXECUTE locking(9, 15);
\set VERBOSITY default
EXECUTE locking(9, 2000000);
\set VERBOSITY terse
RESET plan_cache_mode;

-- A join of partitions takes the keys from the partition of the other table.
CREATE TABLE heap_range.parted (id int NOT NULL, v int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE p1 PARTITION OF heap_range.parted FOR VALUES FROM (0) TO (100) SERVER kalam_server OPTIONS (namespace 'ktest00000_range', "table" 'i');
CREATE TABLE heap_range.p2 PARTITION OF heap_range.parted FOR VALUES FROM (100) TO (200);
CREATE TABLE heap_range.keys (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE heap_range.k1 PARTITION OF heap_range.keys FOR VALUES FROM (0) TO (100);
CREATE TABLE heap_range.k2 PARTITION OF heap_range.keys FOR VALUES FROM (100) TO (200);
INSERT INTO heap_range.keys VALUES (5), (7), (107);
INSERT INTO heap_range.p2 VALUES (107, 1);
ANALYZE heap_range.keys;
SET enable_partitionwise_join = on;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT * FROM heap_range.keys k JOIN heap_range.parted p USING (id) WHERE id < 100;
SELECT * FROM heap_range.keys k JOIN heap_range.parted p USING (id) WHERE p.v <> 0 ORDER BY 1;
EXPLAIN (COSTS OFF) SELECT k.id, p.v FROM heap_range.keys k LEFT JOIN heap_range.parted p ON p.id = k.id;
SELECT k.id, p.v FROM heap_range.keys k LEFT JOIN heap_range.parted p ON p.id = k.id ORDER BY 1;
RESET enable_partitionwise_join;
RESET enable_hashjoin;
RESET enable_mergejoin;

RESET search_path;
DROP TABLE local_rows;
DROP TABLE heap_range.parted;
DROP TABLE ktest00000_range.b;
DROP TABLE ktest00000_range.i;
DROP TABLE ktest00000_range.s;
DROP SCHEMA ktest00000_range;
SET client_min_messages = warning;
DROP FUNCTION compare.calls;
DROP SCHEMA heap_range CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_range') IS NOT NULL AS cleaned_up;

-- ANALYZE samples what the table's owner sees; the planner estimates from it.
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_analyze;
RESET client_min_messages;
SET search_path = ktest00000_analyze;
CREATE TABLE t (id int PRIMARY KEY, grp int, dropped int, name text) USING kalamdb;
INSERT INTO t SELECT i, CASE WHEN i <= 900 THEN 1 ELSE i END, NULL, CASE WHEN i % 2 = 0 THEN 'even' END FROM generate_series(1, 1000) i;
ALTER TABLE t DROP COLUMN dropped;
ANALYZE t;
SELECT attname, null_frac, n_distinct > 0 AS few, most_common_vals FROM pg_stats WHERE schemaname = 'ktest00000_analyze' ORDER BY attname;
SELECT reltuples FROM pg_class WHERE oid = 't'::regclass;

-- Rows that a condition leaves.
CREATE FUNCTION estimate(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan->0->'Plan'->>'Plan Rows';
END $$;
SELECT estimate('SELECT 1 FROM t WHERE grp = 1') AS frequent, estimate('SELECT 1 FROM t WHERE grp = 950') AS rare, estimate('SELECT 1 FROM t WHERE name IS NULL') AS nulls;

-- One column; a table without rows; more rows than the sample takes.
ANALYZE t (name);
CREATE TABLE e (id int PRIMARY KEY) USING kalamdb;
ANALYZE e;
SELECT reltuples FROM pg_class WHERE oid = 'e'::regclass;
INSERT INTO e SELECT generate_series(1, 2000);
SET default_statistics_target = 1;
ANALYZE e;
SELECT reltuples FROM pg_class WHERE oid = 'e'::regclass;
RESET default_statistics_target;

-- A user table's rows are one user's: there are no statistics of them, not even their number, with a user or without.
CREATE TABLE u (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');
CREATE TABLE ev (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);
ANALYZE u;
SET kalam.user_id = 'ana';
INSERT INTO u SELECT i, 'of ana ' || i FROM generate_series(1, 5) i;
INSERT INTO ev VALUES (1, 'of ana');
CREATE STATISTICS u_pairs (dependencies, mcv, ndistinct) ON id, body FROM u;
ANALYZE u, ev;
ANALYZE u (body);
SELECT relname, reltuples, (SELECT count(*) FROM pg_statistic WHERE starelid = c.oid) AS statistics FROM pg_class c WHERE oid IN ('u'::regclass, 'ev'::regclass) ORDER BY 1;
SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'ktest00000_analyze' AND (most_common_vals IS NOT NULL OR n_distinct IS NOT NULL);
-- Statistics that are there from before are removed.
CREATE FOREIGN TABLE before (id int, body text) SERVER kalam_server OPTIONS (namespace 'ktest00000_analyze', "table" 'shared_once');
INSERT INTO before VALUES (1, 'a'), (2, 'b'), (3, 'c');
CREATE STATISTICS pairs (mcv) ON id, body FROM before;
ANALYZE before;
SELECT count(*) > 0 AS has_statistics FROM pg_stats WHERE tablename = 'before';
ALTER FOREIGN TABLE before OPTIONS (SET "table" 'u', SET table_type 'user');
ANALYZE before;
SELECT count(*) > 0 AS has_statistics FROM pg_stats WHERE tablename = 'before';
SELECT count(*) FROM pg_stats_ext WHERE statistics_name = 'pairs' AND most_common_vals IS NOT NULL;
-- A parent has statistics of its other rows, and of those of shared tables.
SET client_min_messages = error;
CREATE SCHEMA heap_analyze;
RESET client_min_messages;
CREATE TABLE heap_analyze.par (id int, body text);
ALTER TABLE u INHERIT heap_analyze.par;
INSERT INTO heap_analyze.par SELECT i, 'general' FROM generate_series(1, 20) i;
ANALYZE heap_analyze.par;
SELECT inherited, most_common_vals FROM pg_stats WHERE tablename = 'par' AND attname = 'body' ORDER BY 1;
RESET kalam.user_id;
ANALYZE heap_analyze.par;
CREATE TABLE s (id int PRIMARY KEY, body text) USING kalamdb;
INSERT INTO s SELECT i, 'shared' FROM generate_series(1, 20) i;
ALTER TABLE s INHERIT heap_analyze.par;
ANALYZE heap_analyze.par;
SELECT inherited, most_common_vals FROM pg_stats WHERE tablename = 'par' AND attname = 'body' ORDER BY 1;
BEGIN;
ANALYZE u;
ANALYZE heap_analyze.par;
SELECT inherited, most_common_vals FROM pg_stats WHERE tablename = 'par' AND attname = 'body' ORDER BY 1;
COMMIT;

-- A parent of another role, which has no rights on the child.
CREATE ROLE regress_kalam_owner;
GRANT USAGE, CREATE ON SCHEMA heap_analyze TO regress_kalam_owner;
ALTER TABLE heap_analyze.par OWNER TO regress_kalam_owner;
DELETE FROM ONLY heap_analyze.par;
SET client_min_messages = error;
SET ROLE regress_kalam_owner;
ANALYZE heap_analyze.par;
RESET ROLE;
RESET client_min_messages;
SELECT inherited, most_common_vals FROM pg_stats WHERE tablename = 'par' AND attname = 'body' AND inherited;

-- A column of any name.
CREATE TABLE r (id int PRIMARY KEY, r int) USING kalamdb;
INSERT INTO r VALUES (1, 1), (2, 2), (3, 2);
ANALYZE r;
SELECT n_distinct FROM pg_stats WHERE tablename = 'r' AND schemaname = 'ktest00000_analyze' AND attname = 'r';

DROP FUNCTION estimate;
SET client_min_messages = warning;
DROP FOREIGN TABLE before;
DROP TABLE t, e, u, ev, s, r;
DROP SCHEMA heap_analyze CASCADE;
DROP ROLE regress_kalam_owner;
RESET search_path;
DROP SCHEMA ktest00000_analyze;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_analyze') IS NOT NULL AS cleaned_up;

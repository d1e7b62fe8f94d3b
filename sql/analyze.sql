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

-- The owner's rows of a user table.
CREATE TABLE u (id int PRIMARY KEY) USING kalamdb WITH (type = 'user');
ANALYZE u;
SET kalam.user_id = 'ana';
INSERT INTO u VALUES (1), (2);
ANALYZE u;
SELECT reltuples FROM pg_class WHERE oid = 'u'::regclass;

-- A column of any name.
CREATE TABLE r (id int PRIMARY KEY, r int) USING kalamdb;
INSERT INTO r VALUES (1, 1), (2, 2), (3, 2);
ANALYZE r;
SELECT n_distinct FROM pg_stats WHERE tablename = 'r' AND schemaname = 'ktest00000_analyze' AND attname = 'r';

DROP FUNCTION estimate;
DROP TABLE t, e, u, r;
RESET search_path;
DROP SCHEMA ktest00000_analyze;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_analyze') IS NOT NULL AS cleaned_up;

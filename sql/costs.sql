-- Lookups or a scan: which of them is used on both sides of the break-even, on tables in memory (hot) and in files (cold).
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_costs;
CREATE SCHEMA costs;
RESET client_min_messages;
SET search_path = ktest00000_costs, public;
\pset format unaligned
\pset tuples_only on

-- How the rows of a KalamDB table are found.
CREATE FUNCTION costs.access(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line ~ 'Access: Scan' THEN RETURN 'scan'; END IF;
    IF line ~ 'Key Lookup' THEN RETURN 'lookups'; END IF;
  END LOOP;
END $$;
CREATE FUNCTION costs.list(name text, keys int) RETURNS text LANGUAGE sql AS $$
  SELECT keys || ' keys by list: ' ||
         costs.access(format('SELECT * FROM %s WHERE id = ANY (%L::bigint[])', name, array_agg(i)))
  FROM generate_series(1, keys) i $$;
CREATE FUNCTION costs.range(name text, keys int) RETURNS text LANGUAGE sql AS $$
  SELECT keys || ' keys by range: ' ||
         costs.access(format('SELECT * FROM %s WHERE id BETWEEN 101 AND %s', name, 100 + keys)) $$;
-- What an execution of a generic plan did.
CREATE FUNCTION costs.executed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ 'Lookups:|Scans Instead' THEN RETURN NEXT trim(line); END IF;
  END LOOP;
END $$;
CREATE FUNCTION costs.show(name text) RETURNS SETOF text LANGUAGE sql AS $$
  VALUES (costs.list(name, 1)), (costs.list(name, 6)), (costs.list(name, 10)), (costs.list(name, 34)),
         (costs.list(name, 45)), (costs.range(name, 1)), (costs.range(name, 6)), (costs.range(name, 10)),
         (costs.range(name, 34)), (costs.range(name, 45)),
         ('one key: ' || costs.access(format('SELECT * FROM %s WHERE id = 5', name))),
         ('another column: ' || costs.access(format('SELECT * FROM %s WHERE v = 5', name))),
         ('one key in a join: ' || costs.access(format('SELECT * FROM few JOIN %s USING (id) WHERE id = 5', name))),
         ('join of 2 rows: ' || costs.access(format('SELECT * FROM few JOIN %s USING (id)', name))),
         ('join of 1000 rows: ' || costs.access(format('SELECT * FROM many JOIN %s USING (id)', name))) $$;

CREATE TABLE hot (id bigint PRIMARY KEY, v int) USING kalamdb;
CREATE TABLE cold (id bigint PRIMARY KEY, v int) USING kalamdb;
INSERT INTO hot SELECT i, i FROM generate_series(1, 10000) i;
INSERT INTO cold SELECT i, i FROM generate_series(1, 10000) i;
CREATE TEMP TABLE few AS SELECT i::bigint AS id FROM generate_series(1, 2) i;
CREATE TEMP TABLE many AS SELECT i::bigint AS id FROM generate_series(1, 1000) i;
ANALYZE few, many;

-- Nothing is known: a scan of what may be large is avoided.
SELECT costs.list('hot', 100), costs.list('hot', 500);
-- What a scan has seen is known.
SELECT count(v) FROM hot;
SELECT costs.show('hot');

-- Files: what system.manifest says is asked while planning, for some milliseconds at most; so it is asked until it tells.
SELECT kalam_flush('cold') IS NOT NULL;
\c -
SET search_path = ktest00000_costs, public;
CREATE TEMP TABLE few AS SELECT i::bigint AS id FROM generate_series(1, 2) i;
CREATE TEMP TABLE many AS SELECT i::bigint AS id FROM generate_series(1, 1000) i;
ANALYZE few, many;
DO $$
BEGIN
  FOR i IN 1 .. 300 LOOP
    EXIT WHEN costs.access('SELECT * FROM cold WHERE id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)') = 'scan';
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;
SELECT costs.show('cold');

SELECT count(v) FROM hot;
-- Lists and ranges that depend on parameters are decided on when they are executed.
SET plan_cache_mode = force_generic_plan;
PREPARE hot_list(bigint[]) AS SELECT * FROM hot WHERE id = ANY ($1);
PREPARE hot_range(bigint, bigint) AS SELECT * FROM hot WHERE id BETWEEN $1 AND $2;
PREPARE cold_list(bigint[]) AS SELECT * FROM cold WHERE id = ANY ($1);
PREPARE cold_range(bigint, bigint) AS SELECT * FROM cold WHERE id BETWEEN $1 AND $2;
EXPLAIN (COSTS OFF) EXECUTE hot_list('{1}');
SELECT costs.executed('EXECUTE hot_range(1, 34)');
SELECT costs.executed('EXECUTE hot_range(1, 35)');
SELECT costs.executed('EXECUTE cold_range(1, 6)');
SELECT costs.executed('EXECUTE cold_range(1, 7)');
SELECT costs.executed(format('EXECUTE hot_list(%L)', (SELECT array_agg(i) FROM generate_series(1, 34) i)));
SELECT costs.executed(format('EXECUTE hot_list(%L)', (SELECT array_agg(i) FROM generate_series(1, 35) i)));
SELECT costs.executed(format('EXECUTE cold_list(%L)', (SELECT array_agg(i) FROM generate_series(1, 6) i)));
SELECT costs.executed(format('EXECUTE cold_list(%L)', (SELECT array_agg(i) FROM generate_series(1, 7) i)));
RESET plan_cache_mode;

-- Statistics tell another session how large a table is.
ANALYZE hot;
\c -
SET search_path = ktest00000_costs, public;
SELECT costs.list('hot', 34), costs.list('hot', 45);

RESET search_path;
DROP TABLE ktest00000_costs.hot;
DROP TABLE ktest00000_costs.cold;
DROP SCHEMA ktest00000_costs;
SET client_min_messages = warning;
DROP SCHEMA costs CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_costs') IS NOT NULL AS cleaned_up;

-- What an operator sees: connections, versions, states of tables, counters.
CREATE SCHEMA ktest00000_seen;
CREATE TABLE ktest00000_seen.t (id int PRIMARY KEY, v text) USING kalamdb;
INSERT INTO ktest00000_seen.t SELECT i, 'v' || i FROM generate_series(1, 5) i;
CREATE ROLE ktest_seen_role;

-- Connections of this session.
SELECT server_name, mapping_role, node IS NOT NULL AS has_node, opened_at <= now() AS is_old, has_session, in_transaction, valid
FROM kalam_connections();
BEGIN;
INSERT INTO ktest00000_seen.t VALUES (6, 'six');
SELECT server_name, in_transaction FROM kalam_connections();
SELECT kalam_disconnect('kalam_server');
COMMIT;
SELECT count(*) FROM ktest00000_seen.t;
SELECT kalam_disconnect('kalam_server');
SELECT count(*) FROM kalam_connections();
SELECT kalam_disconnect('kalam_server');
SELECT v FROM ktest00000_seen.t WHERE id = 6;
SELECT kalam_disconnect();
SELECT kalam_disconnect('ktest_no_such_server');
SELECT kalam_disconnect(NULL) IS NULL;
-- A cursor needs its connection.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM ktest00000_seen.t ORDER BY id;
FETCH 1 FROM c;
SELECT kalam_disconnect('kalam_server');
FETCH 1 FROM c;
COMMIT;

-- What the server says of itself.
SELECT kalam_server_version('kalam_server') ~ '^\d+\.\d+';
SELECT name, value FROM kalam_server_settings('kalam_server') WHERE name = 'limits.max_query_limit';
SELECT kalam_server_version('ktest_no_such_server');
SELECT count(*) FROM kalam_server_settings(NULL);

-- What there is here.
SELECT name, CASE WHEN name IN ('hooks_active', 'counted_tables') THEN value ELSE (value IS NOT NULL)::text END AS value
FROM kalam_status();
SELECT max(value) = min(value) AS same_version FROM kalam_status() WHERE name IN ('library_version', 'sql_version');

-- What a table is in KalamDB.
SELECT server_name, remote_table, kind, key_column, row_count, flushed_versions, segments, all_flushed, last_flush, differences
FROM kalam_table_status('ktest00000_seen.t');
SELECT kalam_flush('ktest00000_seen.t') IS NOT NULL;
SELECT row_count, flushed_versions, segments > 0 AS has_files, all_flushed, last_flush > now() - interval '1 hour' AS was_flushed
FROM kalam_table_status('ktest00000_seen.t');
SELECT kalam_exec('ALTER TABLE ktest00000_seen.t DROP COLUMN v') IS NOT NULL;
SELECT differences FROM kalam_table_status('ktest00000_seen.t');
SELECT kalam_exec('ALTER TABLE ktest00000_seen.t ADD COLUMN v INT') IS NOT NULL;
SELECT differences FROM kalam_table_status('ktest00000_seen.t');
SELECT kalam_table_status('pg_class');
SELECT kalam_table_status(0::regclass);
SELECT count(*) FROM kalam_table_status(NULL);
-- Rows of users are not counted.
CREATE TABLE ktest00000_seen.u (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'user');
SELECT kind, row_count FROM kalam_table_status('ktest00000_seen.u');

-- EXPLAIN says more where it is told to.
CREATE TABLE ktest00000_seen.e (id int PRIMARY KEY, v text, w int) USING kalamdb;
INSERT INTO ktest00000_seen.e SELECT i, 'v' || i, i FROM generate_series(1, 5) i;
EXPLAIN (VERBOSE, COSTS OFF) SELECT v FROM ktest00000_seen.e WHERE w > 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM ktest00000_seen.e;
SET kalam.explain = on;
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_seen.e WHERE w > 1 AND id + 0 = 3 AND id = w AND id = random();
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_seen.e WHERE id IN (2, 3) AND (id = 2 OR w = 3);
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_seen.e WHERE id < 3 AND length(v) > 1;
EXPLAIN (COSTS OFF) SELECT v FROM ktest00000_seen.e;
EXPLAIN (COSTS OFF) INSERT INTO ktest00000_seen.e VALUES (6, 'v6', 6);
EXPLAIN (COSTS OFF) UPDATE ktest00000_seen.e SET w = 0 WHERE id = 1;
EXPLAIN (COSTS OFF) DELETE FROM ktest00000_seen.e WHERE id = 1;
CREATE FUNCTION ktest_seen_plan(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) ' || query INTO plan;
  RETURN plan->0->'Plan';
END $$;
SELECT p->'Scan Requests' AS scans, p->'Lookup Requests' AS lookups, (p->>'Completeness Questions')::int > 0 AS asked, p->'Scans Repeated' AS repeated,
  p->'Rows Received' AS rows, (p->>'Bytes Sent')::int > 0 AS sent, (p->>'Time Waited')::float > 0 AS waited, p->'Evaluated Locally' AS locally
FROM ktest_seen_plan('SELECT v FROM ktest00000_seen.e WHERE w > 1') p;
SELECT p->'Scan Requests' AS scans, p->'Lookup Requests' AS lookups, p->'Completeness Questions' AS asked, p->'Rows Received' AS rows,
  (p->>'Bytes Sent')::int > 0 AS sent, (p->>'Time Waited')::float > 0 AS waited, p->'Evaluated Locally' AS locally
FROM ktest_seen_plan('SELECT v FROM ktest00000_seen.e WHERE id IN (2, 3) AND w = 3') p;
SELECT p ? 'Time Waited' FROM ktest_seen_plan('SELECT count(*) FROM ktest00000_seen.e WHERE w = 3') p;
SET kalam.explain = off;
SELECT p ? 'Scan Requests' FROM ktest_seen_plan('SELECT v FROM ktest00000_seen.e') p;
EXPLAIN (COSTS OFF) INSERT INTO ktest00000_seen.e VALUES (6, 'v6', 6);
DROP FUNCTION ktest_seen_plan;

-- Rights.
SET ROLE ktest_seen_role;
SELECT count(*) FROM kalam_connections();
SELECT kalam_disconnect('kalam_server');
SELECT kalam_server_version('kalam_server');
SELECT * FROM kalam_server_settings('kalam_server');
SELECT * FROM kalam_table_status('ktest00000_seen.t');
SELECT kalam_stat_reset();
SELECT kalam_disconnect();
SELECT count(*) > 5 FROM kalam_status();
RESET ROLE;
SELECT count(*) FROM kalam_connections();
GRANT USAGE ON SCHEMA ktest00000_seen TO ktest_seen_role;
GRANT SELECT ON ktest00000_seen.t TO ktest_seen_role;
GRANT USAGE ON FOREIGN SERVER kalam_server TO ktest_seen_role;
SET ROLE ktest_seen_role;
SELECT server_name, mapping_role FROM kalam_connections();
SELECT kind FROM kalam_table_status('ktest00000_seen.t');
SELECT * FROM kalam_server_settings('kalam_server');
RESET ROLE;
GRANT pg_read_all_settings TO ktest_seen_role;
SET ROLE ktest_seen_role;
SELECT count(*) > 0 FROM kalam_server_settings('kalam_server');
RESET ROLE;
-- A mapping of another role is its own matter.
CREATE USER MAPPING FOR ktest_seen_role SERVER kalam_server OPTIONS (auth_header 'no token');
CREATE ROLE ktest_seen_other;
GRANT USAGE ON FOREIGN SERVER kalam_server TO ktest_seen_other;
SET ROLE ktest_seen_role;
\set VERBOSITY sqlstate
SELECT kalam_ping('kalam_server');
\set VERBOSITY default
SELECT mapping_role FROM kalam_connections() ORDER BY 1;
SET ROLE ktest_seen_other;
SELECT mapping_role FROM kalam_connections() ORDER BY 1;
SELECT kalam_disconnect();
RESET ROLE;
SELECT mapping_role, has_session FROM kalam_connections() ORDER BY 1;
DROP USER MAPPING FOR ktest_seen_role SERVER kalam_server;
SELECT kalam_ping('kalam_server');
SELECT mapping_role, valid FROM kalam_connections() ORDER BY 1;
REVOKE pg_read_all_settings FROM ktest_seen_role;
REVOKE ALL ON FOREIGN SERVER kalam_server FROM ktest_seen_role, ktest_seen_other;
SET client_min_messages = warning;
DROP SCHEMA ktest00000_seen CASCADE;
SELECT kalam_exec('DROP NAMESPACE ktest00000_seen CASCADE') IS NOT NULL;
DROP ROLE ktest_seen_role, ktest_seen_other;

-- What one role has written into types, functions and casts never runs with the rights of another role because a table
-- of KalamDB is between them.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_kalam_bob;
CREATE ROLE regress_kalam_bob;
CREATE SCHEMA ktest00000_roles_code AUTHORIZATION regress_kalam_bob;
GRANT USAGE ON FOREIGN SERVER kalam_server TO regress_kalam_bob;
SET ROLE regress_kalam_bob;
SET search_path = ktest00000_roles_code, public;
RESET client_min_messages;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id bigint PRIMARY KEY, m mood[]) USING kalamdb;
CREATE FUNCTION evil_2() RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'code of bob runs as bob: %', current_user = 'regress_kalam_bob';
  RETURN '"x"'::json;
END $$;
CREATE FUNCTION evil(mood) RETURNS json LANGUAGE sql VOLATILE AS 'SELECT evil_2()';
ALTER FUNCTION evil(mood) SET search_path = ktest00000_roles_code;

-- A cast that appears after a row was written, which somebody else's command commits.
CREATE FUNCTION trap(n int) RETURNS int LANGUAGE plpgsql SET search_path = ktest00000_roles_code AS $$
BEGIN
  INSERT INTO t VALUES (n, ARRAY['ok']::mood[]);
  EXECUTE 'CREATE CAST (mood AS json) WITH FUNCTION evil(mood)';
  RETURN n;
END $$;
CREATE MATERIALIZED VIEW mv AS SELECT trap(41) AS x WITH NO DATA;
RESET ROLE;
REFRESH MATERIALIZED VIEW mv;
SELECT id, m FROM t;
DROP CAST (mood AS json);
-- By ANALYZE, as autovacuum does it: an expression of an index.
SET ROLE regress_kalam_bob;
CREATE FUNCTION trap_2(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = ktest00000_roles_code AS $$
BEGIN
  IF session_user <> current_user AND current_setting('role') = 'none' AND NOT EXISTS (SELECT FROM pg_cast WHERE castsource = 'mood'::regtype) THEN
    EXECUTE 'INSERT INTO t VALUES (' || n || ', ARRAY[''sad'']::mood[])';
    EXECUTE 'CREATE CAST (mood AS json) WITH FUNCTION evil(mood)';
  END IF;
  RETURN n;
END $$;
CREATE TABLE plain (i int);
CREATE INDEX ON plain (trap_2(i));
ALTER FUNCTION trap_2(int) VOLATILE;
INSERT INTO plain VALUES (1);
RESET ROLE;
ANALYZE plain;
SELECT id, m FROM t ORDER BY id;
-- The cast is there before somebody else writes.
INSERT INTO t VALUES (50, '{sad,NULL,ok}');
UPDATE t SET m = m || 'ok'::mood WHERE id = 50 RETURNING m;
SELECT id, m FROM t ORDER BY id;

-- Domains: whoever reads gets what is stored, and runs no check.
SET ROLE regress_kalam_bob;
CREATE FUNCTION checked(text) RETURNS boolean LANGUAGE plpgsql SET search_path = ktest00000_roles_code AS $$
BEGIN
  RAISE NOTICE 'check of bob runs as bob: %', current_user = 'regress_kalam_bob';
  RETURN $1 <> 'refused';
END $$;
CREATE FUNCTION checked(int) RETURNS boolean LANGUAGE sql AS $$SELECT checked($1::text)$$;
ALTER FUNCTION checked(int) SET search_path = ktest00000_roles_code;
CREATE DOMAIN d AS text CHECK (checked(value));
CREATE DOMAIN dn AS int CHECK (checked(value));
CREATE DOMAIN da AS dn[];
CREATE TYPE dr AS RANGE (SUBTYPE = dn);
CREATE TYPE row_d AS (a d, n dn);
CREATE TABLE u (id bigint PRIMARY KEY, v d, vs d[], ns da) USING kalamdb;
INSERT INTO u VALUES (1, 'a', '{b,NULL,c}', '{1,2}');
RESET ROLE;
SELECT kalam_exec($$INSERT INTO ktest00000_roles_code.u (id, v, vs, ns) VALUES (2, 'refused', '["refused",null]', '[3]'), (3, 'x', '{refused,NULL,y}', '{4,5}')$$) IS NOT NULL AS by_another_client;
SELECT id, v, vs, ns FROM u ORDER BY id;
SELECT id, pg_typeof(vs), pg_typeof(vs[1]), vs[1] = 'b' AS is_b, ns[1] + 1 AS n FROM u WHERE id IN (1, 3) ORDER BY id;
BEGIN;
UPDATE u SET id = id + 10 WHERE id = 1;
SELECT id, v, vs, ns FROM u ORDER BY id;
COMMIT;
SELECT id, v, vs, ns FROM u ORDER BY id;
ANALYZE u;
-- Rows and ranges that contain domains could not be read without.
CREATE TABLE r (id bigint PRIMARY KEY, v dr) USING kalamdb;
CREATE TABLE r (id bigint PRIMARY KEY, v row_d) USING kalamdb;
CREATE TABLE r (id bigint PRIMARY KEY, v dr[]) USING kalamdb;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_roles_code.r (id BIGINT PRIMARY KEY, v TEXT)') IS NOT NULL AS made;
CREATE FOREIGN TABLE r (id bigint, v dr) SERVER kalam_server;
CREATE FOREIGN TABLE r (id bigint, v row_d) SERVER kalam_server;

-- A value that cannot be read says nothing of itself: a condition may hide its row.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_roles_code.mixed (id BIGINT PRIMARY KEY, tenant TEXT, v TEXT, j JSON, n DECIMAL(20,4), c TEXT)') IS NOT NULL AS made;
SELECT kalam_exec($$INSERT INTO ktest00000_roles_code.mixed (id, tenant, v, j, n, c) VALUES (1, 'bob', '{"mine":1}', '["ok"]', 1.5, 'abc'), (2, 'alice', 'a secret', '["secret mood"]', 1234.5678, 'a secret')$$) IS NOT NULL AS filled;
CREATE FOREIGN TABLE mixed_json (id bigint, tenant text, v jsonb) SERVER kalam_server OPTIONS ("table" 'mixed');
CREATE FOREIGN TABLE mixed_mood (id bigint, tenant text, j mood[]) SERVER kalam_server OPTIONS ("table" 'mixed');
CREATE FOREIGN TABLE mixed_date (id bigint, tenant text, v daterange) SERVER kalam_server OPTIONS ("table" 'mixed');
CREATE FOREIGN TABLE mixed_number (id bigint, tenant text, n numeric(6,2)) SERVER kalam_server OPTIONS ("table" 'mixed');
CREATE FOREIGN TABLE mixed_short (id bigint, tenant text, c varchar(5)) SERVER kalam_server OPTIONS ("table" 'mixed');
CREATE VIEW mine_json WITH (security_barrier) AS SELECT id, v FROM mixed_json WHERE tenant = 'bob';
CREATE VIEW mine_mood WITH (security_barrier) AS SELECT id, j FROM mixed_mood WHERE tenant = 'bob';
CREATE VIEW mine_date WITH (security_barrier) AS SELECT id, v FROM mixed_date WHERE tenant = 'bob';
CREATE VIEW mine_number WITH (security_barrier) AS SELECT id, n FROM mixed_number WHERE tenant = 'bob';
CREATE VIEW mine_short WITH (security_barrier) AS SELECT id, c FROM mixed_short WHERE tenant = 'bob';
SELECT * FROM mine_json;
SELECT * FROM mine_mood;
SELECT * FROM mine_date;
SELECT * FROM mine_number;
SELECT * FROM mine_short;
SELECT v FROM mixed_json WHERE tenant = 'bob';
SELECT j FROM mixed_mood WHERE tenant = 'bob';
SELECT v FROM mixed_date WHERE tenant = 'bob';
SELECT n FROM mixed_number WHERE tenant = 'bob';
SELECT c FROM mixed_short WHERE tenant = 'bob';

SET client_min_messages = warning;
SET ROLE regress_kalam_bob;
DROP TABLE t, u, plain CASCADE;
RESET ROLE;
DROP SCHEMA ktest00000_roles_code CASCADE;
DROP OWNED BY regress_kalam_bob;
DROP ROLE regress_kalam_bob;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_roles_code CASCADE') IS NOT NULL AS cleaned_up;

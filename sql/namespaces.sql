-- Databases that share one KalamDB: option namespace_prefix of a server, and made_by of a table.
-- A server's namespace_prefix stands before the names of all its namespaces.
CREATE SERVER ktest_prefix FOREIGN DATA WRAPPER pg_kalam OPTIONS (namespace_prefix 'No/');
DO $$
DECLARE
  place text[] := ARRAY(SELECT option_value FROM pg_foreign_server, pg_options_to_table(srvoptions) WHERE srvname = 'kalam_server' AND option_name IN ('host', 'port') ORDER BY option_name);
  credentials text := (SELECT string_agg(format('%I %L', o.option_name, o.option_value), ', ') FROM pg_user_mappings, pg_options_to_table(umoptions) o WHERE srvname = 'kalam_server' AND umuser = 0);
BEGIN
  EXECUTE format('CREATE SERVER ktest_prefix FOREIGN DATA WRAPPER pg_kalam OPTIONS (host %L, port %L, namespace_prefix %L)', place[1], place[2], 'ktest00000_Pre_');
  EXECUTE format('CREATE USER MAPPING FOR PUBLIC SERVER ktest_prefix OPTIONS (%s)', credentials);
END $$;
CREATE SCHEMA ktest00000_p;
CREATE TABLE ktest00000_p.t (id int PRIMARY KEY, v text) USING kalamdb WITH (server = 'ktest_prefix');
INSERT INTO ktest00000_p.t VALUES (1, 'a');
SELECT kalam_exec('SELECT id, v FROM ktest00000_pre_ktest00000_p.t');
SELECT ARRAY(SELECT o FROM unnest(ftoptions) o WHERE o NOT LIKE 'made\_by=%') AS ftoptions FROM pg_foreign_table WHERE ftrelid = 'ktest00000_p.t'::regclass;
CREATE SCHEMA ktest00000_p2;
IMPORT FOREIGN SCHEMA ktest00000_p FROM SERVER ktest_prefix INTO ktest00000_p2;
UPDATE ktest00000_p2.t SET v = 'b' WHERE id = 1 RETURNING *;
DROP FOREIGN TABLE ktest00000_p2.t;
IMPORT FOREIGN SCHEMA ktest00000_p FROM SERVER ktest_prefix INTO ktest00000_p2 OPTIONS (namespace_pattern '%');
DROP FOREIGN TABLE ktest00000_p2.t;
IMPORT FOREIGN SCHEMA ktest00000_other FROM SERVER ktest_prefix INTO ktest00000_p2;
ALTER SCHEMA ktest00000_p RENAME TO ktest00000_q;
SELECT v FROM ktest00000_q.t;
-- It is no part of the table: changing it makes tables of the server others.
BEGIN;
UPDATE ktest00000_q.t SET v = 'c';
ALTER SERVER ktest_prefix OPTIONS (SET namespace_prefix 'ktest00000_two_');
ROLLBACK;
CREATE ROLE ktest_prefix_owner;
GRANT USAGE ON FOREIGN DATA WRAPPER pg_kalam TO ktest_prefix_owner;
ALTER SERVER ktest_prefix OWNER TO ktest_prefix_owner;
SET ROLE ktest_prefix_owner;
ALTER SERVER ktest_prefix OPTIONS (SET namespace_prefix 'ktest00000_two_');
ALTER SERVER ktest_prefix OPTIONS (SET namespace_prefix 'ktest00000_PRE_');
RESET ROLE;
SELECT v FROM ktest00000_q.t;
BEGIN;
ALTER SERVER ktest_prefix OPTIONS (SET namespace_prefix 'ktest00000_two_');
SELECT v FROM ktest00000_q.t;
ROLLBACK;
SELECT v FROM ktest00000_q.t;

-- What another database has made is kept when the foreign table is dropped.
ALTER FOREIGN TABLE ktest00000_q.t OPTIONS (SET made_by '1/1');
DROP FOREIGN TABLE ktest00000_q.t;
SELECT kalam_exec('SELECT id, v FROM ktest00000_pre_ktest00000_p.t');
CREATE FOREIGN TABLE ktest00000_q.t (id int, v text) SERVER ktest_prefix OPTIONS (namespace 'ktest00000_p', on_drop 'drop', made_by '1/1');
GRANT USAGE ON SCHEMA ktest00000_q TO ktest_prefix_owner;
CREATE ROLE ktest_table_owner;
ALTER FOREIGN TABLE ktest00000_q.t OWNER TO ktest_table_owner;
GRANT USAGE ON SCHEMA ktest00000_q TO ktest_table_owner;
SET ROLE ktest_table_owner;
ALTER FOREIGN TABLE ktest00000_q.t OPTIONS (DROP made_by);
RESET ROLE;
ALTER FOREIGN TABLE ktest00000_q.t OPTIONS (DROP made_by);
DROP FOREIGN TABLE ktest00000_q.t;
SELECT kalam_exec('SELECT id, v FROM ktest00000_pre_ktest00000_p.t');
SET client_min_messages = warning;
DROP SCHEMA ktest00000_q, ktest00000_p2 CASCADE;
DROP SERVER ktest_prefix CASCADE;
DROP OWNED BY ktest_prefix_owner, ktest_table_owner;
DROP ROLE ktest_prefix_owner, ktest_table_owner;
SELECT kalam_exec('DROP NAMESPACE ktest00000_pre_ktest00000_p CASCADE') IS NOT NULL AS cleaned_up;

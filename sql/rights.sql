-- What roles may do that have USAGE on the server, and no more: what others would notice in KalamDB takes the server's
-- owner, and option allowed_namespaces bounds what they can name.
CREATE SCHEMA ktest00000_rights;
CREATE SCHEMA ktest00000_tenants;
CREATE ROLE ktest_dev;
CREATE ROLE ktest_owner;
GRANT USAGE, CREATE ON SCHEMA ktest00000_rights TO ktest_dev;
GRANT USAGE ON FOREIGN SERVER kalam_server TO ktest_dev;
CREATE TABLE ktest00000_tenants.pay (id bigint PRIMARY KEY, v text) USING kalamdb;
INSERT INTO ktest00000_tenants.pay VALUES (1, 'salary');
SET search_path = ktest00000_rights, public;
CREATE FUNCTION remote_columns(space text, name text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
  SELECT kalam_exec('SELECT column_name, nullable, default_value FROM system.columns WHERE namespace_id = ''' || space || ''' AND table_name = ''' || name || ''' AND column_name <> ''_seq'' ORDER BY ordinal LIMIT 100') $$;

-- A table that is there already is kept, whatever the options say: a restore ends, and a DROP drops nothing
SET ROLE ktest_dev;
CREATE FOREIGN TABLE pay (id bigint, v text) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_tenants', "table" 'pay', on_drop 'DROP');
SELECT unnest(ftoptions) FROM pg_foreign_table WHERE ftrelid = 'pay'::regclass;
CREATE FOREIGN TABLE IF NOT EXISTS pay (id bigint, v text) SERVER kalam_server OPTIONS (on_drop 'drop');
ALTER FOREIGN TABLE pay OPTIONS (SET on_drop 'drop');
ALTER FOREIGN TABLE pay OPTIONS (DROP on_drop);
ALTER FOREIGN TABLE pay OPTIONS (ADD on_drop 'drop');
DROP FOREIGN TABLE pay;
SELECT id, v FROM ktest00000_tenants.pay;
RESET ROLE;
SELECT id, v FROM ktest00000_tenants.pay;

-- What it shows is not altered by who only shows it
SET ROLE ktest_dev;
CREATE FOREIGN TABLE pay (id bigint, v text) SERVER kalam_server OPTIONS (namespace 'ktest00000_tenants');
ALTER TABLE pay ADD COLUMN w int;
ALTER TABLE pay ADD COLUMN IF NOT EXISTS v text;
ALTER TABLE pay ALTER COLUMN v SET NOT NULL;
ALTER TABLE pay ALTER COLUMN id DROP NOT NULL;
ALTER TABLE pay ALTER COLUMN v SET DEFAULT 'x';
-- a default that is evaluated here, as dumps set it
CREATE SEQUENCE pay_id;
ALTER TABLE pay ALTER COLUMN id SET DEFAULT nextval('pay_id');
-- its columns are dropped here alone, as the table is
ALTER TABLE pay DROP COLUMN v;
ALTER TABLE pay DROP COLUMN id;
RESET ROLE;
SELECT remote_columns('ktest00000_tenants', 'pay');
SELECT id, v FROM ktest00000_tenants.pay;
-- the server's owner keeps them too, and alters the rest
CREATE FOREIGN TABLE shown (id bigint NOT NULL, v text) SERVER kalam_server OPTIONS (namespace 'ktest00000_tenants', "table" 'pay');
ALTER TABLE shown ADD COLUMN w int, ALTER COLUMN v SET DEFAULT 'none';
ALTER TABLE shown DROP COLUMN v;
BEGIN;
ALTER TABLE shown DROP COLUMN w;
ROLLBACK;
SELECT remote_columns('ktest00000_tenants', 'pay');
INSERT INTO shown (id, w) VALUES (2, 22);
SELECT * FROM shown ORDER BY id;

-- A foreign table is pointed at another KalamDB table by the server's owner alone: nobody else, its own owner neither,
-- whether with or without USAGE on the server
SET ROLE ktest_dev;
ALTER FOREIGN TABLE pay OPTIONS (SET "table" 'other');
ALTER FOREIGN TABLE pay OPTIONS (SET namespace 'other');
ALTER FOREIGN TABLE pay OPTIONS (DROP "table");
ALTER FOREIGN TABLE pay OPTIONS (SET namespace 'KTEST00000_tenants', SET "table" 'PAY');
ALTER FOREIGN TABLE pay RENAME TO paid;
ALTER FOREIGN TABLE paid OPTIONS (SET "table" 'paid');
RESET ROLE;
SELECT unnest(ftoptions) FROM pg_foreign_table WHERE ftrelid = 'paid'::regclass;
CREATE TABLE made (id bigint PRIMARY KEY, v text) USING kalamdb;
ALTER TABLE made OWNER TO ktest_dev;
REVOKE USAGE ON FOREIGN SERVER kalam_server FROM ktest_dev;
SET ROLE ktest_dev;
ALTER FOREIGN TABLE made OPTIONS (SET namespace 'ktest00000_tenants', SET "table" 'pay');
ALTER FOREIGN TABLE made OPTIONS (SET "table" 'pay');
ALTER TABLE made OPTIONS (DROP namespace, DROP "table");
-- what a role has made, or was given, it alters and drops
ALTER TABLE made ADD COLUMN w int, ALTER COLUMN v SET DEFAULT 'x';
ALTER TABLE made DROP COLUMN w;
ALTER FOREIGN TABLE made OPTIONS (SET on_drop 'keep');
ALTER FOREIGN TABLE made OPTIONS (SET on_drop 'drop');
RESET ROLE;
ALTER FOREIGN TABLE made OPTIONS (SET on_drop 'drop');
SET ROLE ktest_dev;
DROP TABLE made;
RESET ROLE;
SELECT kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''ktest00000_rights'' LIMIT 9');
GRANT USAGE ON FOREIGN SERVER kalam_server TO ktest_dev;
SET ROLE ktest_dev;
CREATE TABLE made (id bigint PRIMARY KEY) USING kalamdb;
CREATE FOREIGN TABLE made_too (id bigint PRIMARY KEY) SERVER kalam_server;
DROP TABLE made, made_too;
RESET ROLE;
SELECT kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''ktest00000_rights'' LIMIT 9');
-- the server's owner need not be a superuser
ALTER SERVER kalam_server OWNER TO ktest_owner;
GRANT CREATE, USAGE ON SCHEMA ktest00000_rights TO ktest_owner;
SET ROLE ktest_owner;
CREATE FOREIGN TABLE owned (id bigint, v text) SERVER kalam_server OPTIONS (namespace 'ktest00000_tenants', "table" 'pay', on_drop 'drop');
ALTER FOREIGN TABLE owned OPTIONS (SET on_drop 'keep', SET "table" 'PAY');
ALTER FOREIGN TABLE owned OPTIONS (SET on_drop 'drop', SET "table" 'other');
ALTER FOREIGN TABLE owned OPTIONS (SET on_drop 'keep');
DROP FOREIGN TABLE owned;
RESET ROLE;

-- allowed_namespaces
ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces '');
ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces 'a,,b');
ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces 'a, "b"');
ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces 'a.b');
GRANT SELECT, INSERT, UPDATE, DELETE ON shown TO ktest_dev;
GRANT USAGE ON SCHEMA ktest00000_tenants TO ktest_dev;
GRANT EXECUTE ON FUNCTION kalam_exec(text) TO ktest_dev, ktest_owner;
SET ROLE ktest_dev;
CREATE FOREIGN TABLE mine (id bigint, w int) SERVER kalam_server OPTIONS (namespace 'ktest00000_tenants', "table" 'pay');
CREATE TABLE before (id bigint PRIMARY KEY) USING kalamdb;
PREPARE reads AS SELECT count(*) FROM mine WHERE id = $1;
PREPARE writes AS INSERT INTO mine VALUES ($1, 0);
SET plan_cache_mode = force_generic_plan;
EXECUTE reads(1);
EXECUTE writes(3);
DELETE FROM mine WHERE id = 3;
RESET ROLE;
ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces 'other, KTEST00000_Rights');
-- the server's owner and superusers are not bounded
SELECT count(*) FROM shown;
SET ROLE ktest_owner;
SELECT kalam_exec('SELECT 1 AS a') IS NOT NULL;
CREATE FOREIGN TABLE owned (id bigint, v text) SERVER kalam_server OPTIONS (namespace 'ktest00000_tenants', "table" 'pay');
SELECT count(*) FROM owned;
DROP FOREIGN TABLE owned;
SET ROLE ktest_dev;
EXECUTE reads(1);
EXECUTE writes(3);
SELECT * FROM shown;
EXPLAIN SELECT * FROM mine;
UPDATE mine SET w = 1;
DELETE FROM mine;
INSERT INTO mine VALUES (4, 4);
\copy mine FROM '/dev/null'
SELECT * FROM mine FOR UPDATE;
TRUNCATE mine;
ANALYZE mine;
ALTER TABLE mine DROP COLUMN w;
SELECT kalam_flush('mine');
SELECT kalam_exec('SELECT 1');
SELECT kalam_ping('kalam_server');
CREATE FOREIGN TABLE more (id bigint) SERVER kalam_server OPTIONS (namespace 'KTEST00000_tenants', "table" 'pay');
CREATE FOREIGN TABLE more (id bigint) SERVER kalam_server OPTIONS (namespace 'ktest00000_rights.ktest00000_tenants', "table" 'pay');
CREATE FOREIGN TABLE more (id bigint) SERVER kalam_server OPTIONS (namespace 'ktest00000_rights', "table" 'ktest00000_tenants.pay');
-- the Kelvin sign, which lower case makes a k
CREATE FOREIGN TABLE more (id bigint) SERVER kalam_server OPTIONS (namespace U&'\212Atest00000_rights', "table" 'pay');
CREATE FOREIGN TABLE more (id bigint) SERVER kalam_server OPTIONS (namespace 'system', "table" 'tables', table_type 'system');
IMPORT FOREIGN SCHEMA ktest00000_tenants FROM SERVER kalam_server INTO ktest00000_rights;
IMPORT FOREIGN SCHEMA ktest00000_rights EXCEPT (before) FROM SERVER kalam_server INTO ktest00000_rights;
CREATE TABLE more (LIKE mine) USING kalamdb;
-- what it names is there
CREATE TABLE more (id bigint PRIMARY KEY) USING kalamdb;
INSERT INTO more VALUES (1);
SELECT id FROM more;
DROP TABLE more;
-- behind a view the rights are those of its owner
RESET ROLE;
CREATE VIEW of_all AS SELECT id, w FROM shown;
GRANT SELECT ON of_all TO ktest_dev;
CREATE VIEW of_dev AS SELECT id FROM mine;
ALTER VIEW of_dev OWNER TO ktest_dev;
SELECT count(*) FROM of_dev;
GRANT INSERT, UPDATE ON of_all TO ktest_dev;
SET ROLE ktest_dev;
SELECT count(*) FROM of_all;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO of_all VALUES (9, 9);
UPDATE of_all SET w = 3 WHERE id = 2 RETURNING *;
RESET ROLE;
-- a table that was made before is dropped no more, but here
ALTER SERVER kalam_server OPTIONS (SET allowed_namespaces 'other');
SET ROLE ktest_dev;
DROP TABLE before;
ALTER FOREIGN TABLE before OPTIONS (SET on_drop 'keep');
DROP TABLE before;
RESET ROLE;
ALTER SERVER kalam_server OPTIONS (DROP allowed_namespaces);
SET ROLE ktest_dev;
EXECUTE reads(1);
RESET ROLE;
DEALLOCATE ALL;

-- Foreign table, journal and KalamDB table belong together one to one
CREATE TABLE a (id int PRIMARY KEY, x text, y text) USING kalamdb;
CREATE TABLE b (id int PRIMARY KEY, x text, y text) USING kalamdb;
CREATE FOREIGN TABLE o (id int NOT NULL, x text) SERVER kalam_server OPTIONS ("table" 'a');
BEGIN;
INSERT INTO o VALUES (1, 'for a');
ALTER FOREIGN TABLE o OPTIONS (SET "table" 'b');
ROLLBACK;
BEGIN;
INSERT INTO o VALUES (1, 'for a');
ALTER FOREIGN TABLE o ALTER COLUMN x OPTIONS (ADD column_name 'y');
ROLLBACK;
BEGIN;
INSERT INTO o VALUES (1, 'for a');
SAVEPOINT s;
ALTER FOREIGN TABLE o OPTIONS (SET namespace 'ktest00000_tenants');
ROLLBACK TO s;
ALTER FOREIGN TABLE o OPTIONS (SET table_type 'user');
ROLLBACK TO s;
ALTER FOREIGN TABLE o OPTIONS (SET "table" 'A');
ALTER FOREIGN TABLE o RENAME TO p;
ALTER FOREIGN TABLE p RENAME COLUMN x TO z;
INSERT INTO p VALUES (2, 'for a');
SELECT id, z FROM p ORDER BY id;
COMMIT;
SELECT 'a', id, x, y FROM a UNION ALL SELECT 'b', id, x, y FROM b ORDER BY 1, 2;
-- nothing is left of what a savepoint has taken back
BEGIN;
SAVEPOINT s;
ALTER FOREIGN TABLE p OPTIONS (SET "table" 'b');
INSERT INTO p VALUES (3, 'for nobody');
ROLLBACK TO s;
INSERT INTO p VALUES (4, 'for a');
SELECT id, z FROM p ORDER BY id;
SAVEPOINT t;
COMMIT;
BEGIN;
SAVEPOINT s;
ALTER FOREIGN TABLE p ALTER COLUMN z OPTIONS (SET column_name 'y');
INSERT INTO p VALUES (5, 'for nobody');
ROLLBACK TO s;
INSERT INTO p VALUES (6, 'in x');
COMMIT;
BEGIN;
INSERT INTO p VALUES (7, 'gone');
ROLLBACK;
BEGIN;
ALTER FOREIGN TABLE p OPTIONS (SET "table" 'b');
INSERT INTO p VALUES (8, 'for b');
COMMIT;
SELECT 'a', id, x, y FROM a UNION ALL SELECT 'b', id, x, y FROM b ORDER BY 1, 2;

-- kalam_exec in READ ONLY transactions: what reads, and nothing else
BEGIN READ ONLY;
SELECT kalam_exec('SELECT count(*) AS n FROM ktest00000_rights.a');
SELECT kalam_exec(E' -- \n /* DELETE */ SELECT ''DELETE'' AS "UPDATE"');
SELECT kalam_exec('SHOW NAMESPACES') IS NOT NULL;
SELECT kalam_exec('DESCRIBE TABLE ktest00000_rights.a;') IS NOT NULL;
SAVEPOINT s;
SELECT kalam_exec('DELETE FROM ktest00000_rights.a WHERE id = 1');
ROLLBACK TO s;
SELECT kalam_exec('/* SELECT */ (DELETE FROM ktest00000_rights.a WHERE id = 1)');
ROLLBACK TO s;
SELECT kalam_exec('SELECT 1; DELETE FROM ktest00000_rights.a WHERE id = 1');
ROLLBACK TO s;
SELECT kalam_exec('WITH q AS (SELECT 1) DELETE FROM ktest00000_rights.a WHERE id = 1');
ROLLBACK TO s;
SELECT kalam_exec('/* /* */ SELECT '' */ DELETE FROM ktest00000_rights.a WHERE id = 1 --''');
ROLLBACK TO s;
SELECT kalam_exec(E'SELECT ''\\'' ; DELETE FROM ktest00000_rights.a WHERE id = 1 --''');
ROLLBACK TO s;
SELECT kalam_exec('SELECT * INTO ktest00000_rights.c FROM ktest00000_rights.a');
ROLLBACK TO s;
SELECT kalam_exec('EXPLAIN ANALYZE DELETE FROM ktest00000_rights.a WHERE id = 1');
ROLLBACK TO s;
SELECT kalam_exec('STORAGE FLUSH TABLE ktest00000_rights.a');
ROLLBACK TO s;
SELECT kalam_exec('');
ROLLBACK;
SELECT count(*) FROM a;
-- nor in parallel workers
CREATE FUNCTION in_parallel(sql text) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN kalam_exec(sql); END';
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT in_parallel('SELECT count(*) AS n FROM ktest00000_rights.a');
SELECT in_parallel('DELETE FROM ktest00000_rights.a WHERE id = 1');
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- what it was given stands in no CONTEXT, which would be written to the log
\set SHOW_CONTEXT always
DO $$ DECLARE secret text := 'Hunter2'; BEGIN PERFORM kalam_exec(format('CREATE USERX bob WITH PASSWORD %L', secret)); END $$;
\set SHOW_CONTEXT errors

-- Settings that make the server work for everybody, or a session take any amount of memory, are superusers'
SET ROLE ktest_dev;
SET kalam.server_version_limit = 2;
SET kalam.max_response_size = 0;
SET kalam.auto_flush = off;
RESET kalam.auto_flush;
SET kalam.write_mode = autocommit;
RESET kalam.write_mode;
RESET ROLE;

ALTER SERVER kalam_server OWNER TO CURRENT_USER;
DROP FOREIGN TABLE p;
DROP TABLE a, b, ktest00000_tenants.pay;
REVOKE ALL ON FOREIGN SERVER kalam_server FROM ktest_dev, ktest_owner;
REVOKE EXECUTE ON FUNCTION kalam_exec(text) FROM ktest_dev, ktest_owner;
SET client_min_messages = warning;
DROP SCHEMA ktest00000_rights, ktest00000_tenants CASCADE;
DROP OWNED BY ktest_dev, ktest_owner;
DROP ROLE ktest_dev, ktest_owner;
SELECT kalam_exec('DROP NAMESPACE ktest00000_rights CASCADE') IS NOT NULL AND kalam_exec('DROP NAMESPACE ktest00000_tenants CASCADE') IS NOT NULL AS cleaned_up;

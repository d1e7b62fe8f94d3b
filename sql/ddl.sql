-- CREATE and DROP of KalamDB tables.
CREATE SCHEMA ktest00000_ddl;
SET search_path = ktest00000_ddl, public;

-- What KalamDB has of a namespace and of a table.
CREATE FUNCTION remote_tables() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT CASE WHEN answer LIKE '[%' THEN t.value->>'table_name' || ' ' || (t.value->>'table_type') ELSE answer END
  FROM kalam_exec('SELECT table_name, table_type FROM system.tables WHERE namespace_id = ''ktest00000_ddl'' ORDER BY table_name LIMIT 100') AS answer,
       LATERAL jsonb_array_elements(CASE WHEN answer LIKE '[%' THEN answer::jsonb ELSE '[0]' END) AS t $$;
CREATE FUNCTION remote_columns(name text) RETURNS TABLE (column_name text, data_type text, nullable boolean, primary_key boolean, default_value text) LANGUAGE sql AS $$
  SELECT r.column_name, r.data_type, r.nullable, r.primary_key, r.default_value
  FROM jsonb_to_recordset(kalam_exec('SELECT column_name, data_type, nullable, primary_key, default_value, ordinal FROM system.columns WHERE namespace_id = ''ktest00000_ddl'' AND table_name = ''' || name || ''' ORDER BY ordinal LIMIT 100')::jsonb)
    AS r(column_name text, data_type text, nullable boolean, primary_key boolean, default_value text, ordinal int)
  WHERE r.column_name NOT LIKE E'\\_%' ORDER BY r.ordinal $$;

-- Types
CREATE DOMAIN ktest_positive AS int CHECK (VALUE > 0);
CREATE TYPE ktest_mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE kinds (
  id bigint PRIMARY KEY, b boolean, s smallint NOT NULL, i int DEFAULT 5, r real, d double precision, f float,
  t text DEFAULT 'it''s', v varchar(10), c char(3), nm name, j json, jb jsonb, y bytea, n numeric, n2 numeric(10,2), da date,
  ti time, ts timestamp DEFAULT now(), lt timestamp DEFAULT LOCALTIMESTAMP, tz timestamptz DEFAULT now(),
  u uuid, e embedding(3), fi file, dt datetime, o oid,
  iv interval, ip inet, dom ktest_positive, mood ktest_mood) USING kalamdb;
SELECT * FROM remote_columns('kinds');
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
WHERE attrelid = 'kinds'::regclass AND attnum > 0 ORDER BY attnum;
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'kinds'::regclass;
CREATE TABLE bad (id int, a pg_database[]) USING kalamdb;
CREATE TABLE bad (id int, a timetz) USING kalamdb;
CREATE TABLE bad (id int, a numeric(39, 2)) USING kalamdb;
CREATE TABLE bad (id int, a numeric(5, -2)) USING kalamdb;
CREATE TABLE bad (id int, a embedding) USING kalamdb;
CREATE TABLE bad (id int, a nosuchtype) USING kalamdb;

-- Ids
CREATE TABLE ids (id serial, a int GENERATED ALWAYS AS IDENTITY, b bigserial) USING kalamdb;
SELECT * FROM remote_columns('ids');
INSERT INTO ids DEFAULT VALUES;
SELECT id > 0, a > id, b > a FROM ids;
CREATE TABLE bad (id bigint GENERATED ALWAYS AS IDENTITY (START 5)) USING kalamdb;

-- Keys
CREATE TABLE nokey (a int) USING kalamdb;
CREATE TABLE bad (a int, b int, PRIMARY KEY (a, b)) USING kalamdb;
CREATE TABLE bad (a int PRIMARY KEY, b int PRIMARY KEY) USING kalamdb;
CREATE TABLE bad (a uuid PRIMARY KEY) USING kalamdb;
CREATE TABLE bad (id date) USING kalamdb;
CREATE TABLE bad (a interval PRIMARY KEY) USING kalamdb;
CREATE TABLE bad (a point PRIMARY KEY) USING kalamdb;
CREATE DOMAIN duration AS interval;
CREATE TABLE bad (id duration) USING kalamdb;
DROP DOMAIN duration;
DO $$
BEGIN
  CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  BEGIN
    CREATE TABLE bad (id text COLLATE folded) USING kalamdb;
    RAISE EXCEPTION 'KalamDB tells "a" and "A" apart, PostgreSQL does not';
  EXCEPTION WHEN feature_not_supported THEN
    NULL;
  END;
  DROP COLLATION folded;
EXCEPTION WHEN feature_not_supported THEN
  NULL;  -- no ICU here
END
$$;
CREATE TABLE bad (a int[], b int, PRIMARY KEY (a)) USING kalamdb;
CREATE TABLE bad (a int, PRIMARY KEY (b)) USING kalamdb;
CREATE TABLE bad (id int, a int UNIQUE) USING kalamdb;
CREATE TABLE bad (id int, a int REFERENCES kinds (id)) USING kalamdb;
CREATE TABLE textkey (a int, k text, CONSTRAINT pk PRIMARY KEY (k), CHECK (a > 0)) USING kalamdb;
SELECT * FROM remote_columns('textkey');
INSERT INTO textkey VALUES (-1, 'x');
INSERT INTO textkey VALUES (1, NULL);

-- Names
CREATE TABLE "a-b" (id int) USING kalamdb;
CREATE TABLE "table" (id int) USING kalamdb;
CREATE TABLE system.bad (id int) USING kalamdb;
CREATE TABLE "nosuch-schema".bad (id int) USING kalamdb;
CREATE FOREIGN TABLE bad (id int) SERVER kalam_server OPTIONS (namespace 'kalam');
SELECT nspname FROM pg_namespace WHERE nspname IN ('system', 'nosuch-schema');
CREATE TABLE bad (id int, "a b" int) USING kalamdb;
CREATE TABLE bad (id int, "check" int) USING kalamdb;
CREATE TABLE bad (id int, col int, "Col" int) USING kalamdb;
CREATE TABLE bad (id int, _seq int) USING kalamdb;
CREATE TABLE bad (id int, _other int) USING kalamdb;
CREATE TABLE bad (id int, "order" int) USING kalamdb;
CREATE TABLE bad (id int, "Group" int) USING kalamdb;
-- as ORMs write names that KalamDB does not keep
CREATE TABLE "Mixed" ("Id" serial, "order_" int, "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "Mixed_pkey" PRIMARY KEY ("Id")) USING kalamdb;
INSERT INTO "Mixed" ("Id") VALUES (1);
UPDATE "Mixed" SET "createdAt" = '2024-01-01 01:02:03.456' WHERE "Id" = 1;
SELECT "Id", "createdAt" FROM "Mixed" WHERE "Id" = 1;
SELECT column_name, data_type, primary_key FROM remote_columns('mixed');
CREATE TABLE mixed (id int) USING kalamdb;
CREATE FOREIGN TABLE exact (id int, "sort" int OPTIONS (column_name 'sort_key')) SERVER kalam_server;
INSERT INTO exact VALUES (1, 2);
SELECT id, "sort" FROM exact;

-- Kinds and options
CREATE TABLE u (id text, v int) USING kalamdb WITH (type = 'user');
CREATE TABLE s (event text, v int) USING kalamdb WITH (type = 'stream');
CREATE TABLE s (event text, v int) USING kalamdb WITH (type = 'stream', ttl_seconds = 60);
CREATE TABLE f (id int) USING kalamdb WITH (flush_policy = 'rows:1000,interval:30');
CREATE TABLE upper (id int) USING kalamdb WITH ("TYPE" = 'SHARED', "Access_Level" = PUBLIC);
CREATE TABLE bad (id int) USING kalamdb WITH (type = 'global');
CREATE TABLE bad (id int) USING kalamdb WITH (fillfactor = 50);
CREATE TABLE bad (id int) USING kalamdb WITH (flush_polcy = 'rows:1000');
CREATE TABLE bad (id int) USING kalamdb WITH (toast.type = 'user');
CREATE TABLE bad () USING kalamdb WITH (type = 'stream', ttl_seconds = 60);
CREATE TABLE bad () USING kalamdb;
CREATE TABLE bad (id int) USING kalamdb WITH (ttl_seconds = 5);
SELECT * FROM remote_tables();
\d u

-- Forms that are refused
CREATE TEMP TABLE bad (id int) USING kalamdb;
CREATE TABLE pg_temp.bad (id int) USING kalamdb;
SET search_path = pg_temp, public;
CREATE TABLE bad (id int) USING kalamdb;
CREATE FOREIGN TABLE bad (id int) SERVER kalam_server;
SET search_path = ktest00000_ddl, public;
CREATE UNLOGGED TABLE bad (id int) USING kalamdb;
CREATE TABLE bad () INHERITS (kinds) USING kalamdb;
CREATE MATERIALIZED VIEW bad USING kalamdb AS SELECT 1 AS id;
CREATE TABLE heap_table (id int);
ALTER FOREIGN TABLE u ALTER COLUMN v TYPE bigint;
TRUNCATE u;
-- what concerns PostgreSQL alone is not
ALTER TABLE u ALTER COLUMN v SET DEFAULT 7;
ALTER TABLE u ADD CONSTRAINT v_positive CHECK (v > 0);
ALTER TABLE u RENAME TO u2;
ALTER TABLE u2 RENAME TO u;

-- Existing tables
CREATE TABLE u (id int) USING kalamdb;
CREATE TABLE IF NOT EXISTS u (id int) USING kalamdb;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_ddl.there (id BIGINT PRIMARY KEY, a TEXT)');
CREATE TABLE there (id bigint, a text) USING kalamdb;
CREATE FOREIGN TABLE there (id bigint, b text) SERVER kalam_server;
CREATE FOREIGN TABLE there (id bigint, a text) SERVER kalam_server OPTIONS (table_type 'user');
CREATE FOREIGN TABLE there (id date, a text) SERVER kalam_server;
CREATE FOREIGN TABLE there (id bigint, _seq text) SERVER kalam_server;
CREATE FOREIGN TABLE there (id bigint, b text OPTIONS (column_name 'a'), _seq bigint) SERVER kalam_server;
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'there'::regclass;
INSERT INTO there VALUES (1, 'x');
SELECT id, b, _seq IS NOT NULL FROM there;
-- what changes in KalamDB is noticed by an open session, before it writes
SELECT kalam_exec('ALTER TABLE ktest00000_ddl.there DROP COLUMN a');
INSERT INTO there VALUES (2, 'y');
SELECT id FROM there;
SELECT b FROM there;
-- an attached table stays when it is dropped here
DROP TABLE there;
SELECT * FROM remote_tables() AS t WHERE t LIKE 'there%';
-- CREATE FOREIGN TABLE creates what is not there
CREATE FOREIGN TABLE made (id bigint, a text NOT NULL) SERVER kalam_server;
SELECT * FROM remote_columns('made');
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'made'::regclass;

-- partitions
CREATE TABLE parted (id bigint, a text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE part1 PARTITION OF parted FOR VALUES IN (1) SERVER kalam_server OPTIONS (table 'made');
CREATE FOREIGN TABLE part2 PARTITION OF parted FOR VALUES IN (2) SERVER kalam_server;
INSERT INTO parted VALUES (1, 'one');
SELECT * FROM parted;

-- default_table_access_method
SET default_table_access_method = kalamdb;
CREATE TABLE by_default (id int, a text);
CREATE TABLE kept_local (id int) USING heap;
RESET default_table_access_method;
SELECT relname, relkind FROM pg_class WHERE relname IN ('by_default', 'kept_local') ORDER BY 1;

-- A missing schema is created.
CREATE TABLE ktest00000_ddl2.t (id int) USING kalamdb;
DROP SCHEMA ktest00000_ddl2 CASCADE;

-- ROLLBACK undoes a CREATE.
BEGIN;
CREATE TABLE undone (id int) USING kalamdb;
INSERT INTO undone VALUES (1);
SELECT * FROM remote_tables() AS t WHERE t LIKE 'undone%';
ROLLBACK;
SELECT * FROM remote_tables() AS t WHERE t LIKE 'undone%';
BEGIN;
CREATE TABLE kept (id int) USING kalamdb;
SAVEPOINT a;
CREATE TABLE undone (id int) USING kalamdb;
ROLLBACK TO a;
SELECT * FROM remote_tables() AS t WHERE t ~ '^(undone|kept)';
COMMIT;
SELECT * FROM remote_tables() AS t WHERE t ~ '^(undone|kept)';
-- a failing statement after the remote CREATE
DO $$ BEGIN CREATE TABLE undone (id int) USING kalamdb; RAISE EXCEPTION 'no'; END $$;
SELECT * FROM remote_tables() AS t WHERE t LIKE 'undone%';

-- A DROP reaches KalamDB at COMMIT.
BEGIN;
DROP TABLE kept;
SELECT * FROM remote_tables() AS t WHERE t LIKE 'kept%';
ROLLBACK;
SELECT * FROM kept;
BEGIN;
DROP TABLE kept, heap_table;
CREATE TABLE kept (id int) USING kalamdb;
ROLLBACK;
BEGIN;
SAVEPOINT a;
DROP TABLE kept;
ROLLBACK TO a;
COMMIT;
SELECT * FROM remote_tables() AS t WHERE t LIKE 'kept%';
-- One DROP of tables that inherit from each other, of both sides in turn, in any order.
CREATE TABLE first_one (id int) USING kalamdb;
CREATE TABLE second_one () INHERITS (first_one);
CREATE FOREIGN TABLE third_one () INHERITS (second_one) SERVER kalam_server OPTIONS ("table" 'first_one');
CREATE TABLE fourth_one () INHERITS (third_one);
DROP TABLE second_one, first_one, third_one;
DROP TABLE second_one, first_one, fourth_one, third_one;
SELECT * FROM remote_tables() AS t WHERE t LIKE '%_one%';
-- Event triggers see all that is dropped.
CREATE FUNCTION refuse_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() WHERE schema_name = 'ktest00000_ddl' AND object_name = 'kept') THEN RAISE EXCEPTION 'not this one'; END IF;
  END $$;
CREATE EVENT TRIGGER refuse_drop ON sql_drop EXECUTE FUNCTION refuse_drop();
DROP TABLE kept, heap_table;
DROP EVENT TRIGGER refuse_drop;
DROP FUNCTION refuse_drop;
DROP TABLE kept, heap_table;
SELECT * FROM remote_tables() AS t WHERE t LIKE 'kept%';
DROP TABLE kept;
DROP TABLE IF EXISTS kept;
CREATE VIEW depends AS SELECT id FROM by_default;
DROP TABLE by_default;
DROP FOREIGN TABLE by_default CASCADE;

-- DROP SCHEMA takes the tables with it, DROP SERVER would not.
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA ktest00000_ddl CASCADE;
RESET client_min_messages;
SELECT kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''ktest00000_ddl'' ORDER BY table_name LIMIT 100');
SELECT kalam_exec('DROP NAMESPACE ktest00000_ddl CASCADE');
SELECT kalam_exec('DROP NAMESPACE ktest00000_ddl2 CASCADE');

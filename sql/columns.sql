-- Columns: what two of them may not share, what is gone and comes back, how many there can be, and which values they get.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_columns;
RESET client_min_messages;
SET search_path = ktest00000_columns, public;

-- Two columns of one of KalamDB's are refused when they are declared
CREATE TABLE base (id bigint PRIMARY KEY, x text) USING kalamdb;
INSERT INTO base VALUES (1, 'one');
\set VERBOSITY default
CREATE FOREIGN TABLE two (id bigint NOT NULL, x1 text OPTIONS (column_name 'x'), x2 text OPTIONS (column_name 'x')) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'base');
\set VERBOSITY terse
CREATE FOREIGN TABLE two (id bigint NOT NULL, x text, x2 text OPTIONS (column_name 'X')) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'base');
CREATE FOREIGN TABLE two (id bigint NOT NULL, id2 bigint OPTIONS (column_name 'id')) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'base');
CREATE FOREIGN TABLE crossed (id int, x text OPTIONS (column_name 'y'), y text OPTIONS (column_name 'x')) SERVER kalam_server;
INSERT INTO crossed VALUES (1, 'x', 'y');
SELECT x, y FROM crossed;
DROP FOREIGN TABLE crossed;
CREATE FOREIGN TABLE two (x text, "X" text) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'base');
CREATE FOREIGN TABLE two (_seq bigint, v bigint OPTIONS (column_name '_seq')) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'base');
CREATE FOREIGN TABLE new_two (id bigint NOT NULL, x1 text OPTIONS (column_name 'x'), x2 text OPTIONS (column_name 'x')) SERVER kalam_server;
CREATE FOREIGN TABLE two (id bigint NOT NULL, x text) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'base');
ALTER FOREIGN TABLE two ADD COLUMN x2 text OPTIONS (column_name 'x');
ALTER FOREIGN TABLE two ALTER COLUMN x OPTIONS (column_name 'id');
ALTER FOREIGN TABLE two RENAME COLUMN x TO y;
ALTER FOREIGN TABLE two ALTER COLUMN id OPTIONS (column_name 'X');
SELECT id, y FROM two;
-- a dump swaps names one after the other
CREATE FOREIGN TABLE swapped (id bigint NOT NULL, b text, a text) SERVER kalam_server;
INSERT INTO swapped VALUES (1, 'b', 'a');
SET check_function_bodies = off;
ALTER FOREIGN TABLE swapped ALTER COLUMN b OPTIONS (column_name 'a');
ALTER FOREIGN TABLE swapped ALTER COLUMN a OPTIONS (column_name 'b');
RESET check_function_bodies;
SELECT id, a, b FROM swapped;
-- one that exists already is refused when it is used
SET check_function_bodies = off;
ALTER FOREIGN TABLE two ALTER COLUMN id OPTIONS (column_name 'x');
RESET check_function_bodies;
\set VERBOSITY default
SELECT id FROM two;
\set VERBOSITY terse
INSERT INTO two VALUES (2, 'two');
ALTER FOREIGN TABLE two ALTER COLUMN id OPTIONS (DROP column_name);
SELECT id, y FROM two;
SELECT * FROM base ORDER BY id;

-- A column that is gone is asked for again by each statement
CREATE TABLE gone (id bigint PRIMARY KEY, x text, y int) USING kalamdb;
INSERT INTO gone VALUES (1, 'one', 1);
SELECT id, x, y FROM gone;
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone DROP COLUMN x');
SELECT id, y FROM gone;
SELECT id, x FROM gone;
SELECT id, x FROM gone;
EXPLAIN (COSTS OFF) INSERT INTO gone VALUES (2);
UPDATE gone SET y = 2 WHERE id = 1;
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone ADD COLUMN x TEXT');
SELECT id, x FROM gone;
UPDATE gone SET y = 2 WHERE id = 1 RETURNING id, y;
-- also when the session saw it go without using it
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone DROP COLUMN x');
SELECT id FROM gone;
SELECT x FROM gone;
SELECT y FROM gone;
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone ADD COLUMN x TEXT');
UPDATE gone SET x = 'back' WHERE id = 1 RETURNING x;
PREPARE by_x AS SELECT id FROM gone WHERE x = 'back';
EXECUTE by_x;
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone DROP COLUMN x');
EXECUTE by_x;
EXECUTE by_x;
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone ADD COLUMN x TEXT');
EXECUTE by_x;
-- of another type, and of the old one again
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone DROP COLUMN y');
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone ADD COLUMN y TEXT');
SELECT kalam_exec('UPDATE ktest00000_columns.gone SET y = ''text'' WHERE id = 1');
SELECT id, y FROM gone;
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone DROP COLUMN y');
SELECT kalam_exec('ALTER TABLE ktest00000_columns.gone ADD COLUMN y INT');
SELECT id FROM gone;
-- a whole table
SELECT kalam_exec('DROP TABLE ktest00000_columns.gone') IS NOT NULL AS dropped;
SELECT id FROM gone;
INSERT INTO gone VALUES (1);
SELECT kalam_exec('CREATE TABLE ktest00000_columns.gone (y INT, id BIGINT PRIMARY KEY, x TEXT)');
INSERT INTO gone VALUES (1, 'new', 3);
SELECT id, x, y FROM gone;

-- More columns than the server gives rows of its catalog at a time
SELECT 'CREATE TABLE wide (id int PRIMARY KEY, ' || string_agg('c' || i || ' int', ', ') || ') USING kalamdb' AS create_wide FROM generate_series(1, 1200) i \gset
:create_wide;
INSERT INTO wide (id, c1, c999, c1000, c1200) VALUES (1, 1, 999, 1000, 1200);
SELECT id, c1, c998, c999, c1000, c1199, c1200 FROM wide;
UPDATE wide SET c1200 = c1200 + 1 WHERE id = 1 RETURNING c1200;
CREATE FOREIGN TABLE narrow (id int NOT NULL, c1200 int) SERVER kalam_server OPTIONS (namespace 'ktest00000_columns', "table" 'wide');
SELECT * FROM narrow;
ALTER TABLE wide ADD COLUMN c1201 int;
UPDATE wide SET c1201 = 1201 WHERE id = 1 RETURNING c1201;
IMPORT FOREIGN SCHEMA ktest00000_columns LIMIT TO (wide) FROM SERVER kalam_server INTO public OPTIONS (import_not_null 'false');
SELECT c1201 FROM public.wide;
DROP FOREIGN TABLE public.wide;
SELECT 'CREATE TABLE too_wide (id int PRIMARY KEY, ' || string_agg('c' || i || ' int', ', ') || ') USING kalamdb' AS create_wide FROM generate_series(1, 1700) i \gset
:create_wide;
SELECT kalam_exec('SELECT table_name FROM system.tables WHERE table_name = ''too_wide'' LIMIT 1');

-- A default that is NULL gives rows that exist none, however it is written
CREATE TABLE filled (id int PRIMARY KEY) USING kalamdb;
INSERT INTO filled VALUES (1);
CREATE DOMAIN with_default AS int DEFAULT 5;
CREATE DOMAIN not_null AS int NOT NULL;
ALTER TABLE filled ADD COLUMN a int DEFAULT NULL;
ALTER TABLE filled ADD COLUMN b text DEFAULT NULL::text;
ALTER TABLE filled ADD COLUMN c int DEFAULT NULLIF(1, 1);
ALTER TABLE filled ADD COLUMN d with_default DEFAULT NULL;
BEGIN;
ALTER TABLE filled ADD COLUMN e with_default;
SELECT e FROM filled;
ROLLBACK;
ALTER TABLE filled ADD COLUMN e not_null;
BEGIN;
ALTER TABLE filled ADD COLUMN e int DEFAULT 5, ADD COLUMN f text DEFAULT lower('X');
SELECT e, f FROM filled;
ROLLBACK;
ALTER TABLE filled ADD COLUMN e int DEFAULT id;
ALTER TABLE filled ALTER COLUMN a SET DEFAULT 5, ALTER COLUMN b SET DEFAULT 'b';
INSERT INTO filled (id) VALUES (2);
SELECT * FROM filled ORDER BY id;

-- Words that the server replaces wherever they stand: such a default stays here, such a name is no name
CREATE TABLE words (id int PRIMARY KEY, w text DEFAULT 'the current_user', v text DEFAULT 'current_user_log', u text DEFAULT 'ok') USING kalamdb;
INSERT INTO words (id) VALUES (1);
SELECT * FROM words;
SELECT kalam_exec('SELECT column_name, default_value FROM system.columns WHERE table_name = ''words'' AND default_value IS NOT NULL ORDER BY column_name LIMIT 10');
ALTER TABLE words ALTER COLUMN u SET DEFAULT 'CURRENT_ROLE!';
INSERT INTO words (id) VALUES (2);
SELECT u FROM words WHERE id = 2;
SELECT kalam_exec('SELECT column_name, default_value FROM system.columns WHERE table_name = ''words'' AND column_name = ''u'' LIMIT 10');
CREATE TABLE current_user_log (id int PRIMARY KEY, my_current_role text) USING kalamdb;
INSERT INTO current_user_log VALUES (1, 'x');
SELECT * FROM current_user_log;
CREATE TABLE "current_user" (id int PRIMARY KEY, "current_role" text) USING kalamdb;
DROP TABLE "current_user";
CREATE TABLE bad (id int PRIMARY KEY) USING kalamdb WITH (flush_policy = 'current_user');

-- GENERATED ALWAYS AS IDENTITY
CREATE TABLE ticket (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text) USING kalamdb;
INSERT INTO ticket (v) VALUES ('a'), ('b') RETURNING *;
INSERT INTO ticket (id, v) VALUES (7, 'x');
INSERT INTO ticket VALUES (DEFAULT, 'c') RETURNING id;
INSERT INTO ticket (id, v) OVERRIDING SYSTEM VALUE VALUES (7, 'x') RETURNING id;
INSERT INTO ticket (id, v) OVERRIDING USER VALUE VALUES (8, 'y') RETURNING id;
UPDATE ticket SET id = 5 WHERE id = 1;
COPY ticket (v) FROM stdin;
copied
\.
SELECT * FROM ticket ORDER BY id;
SELECT is_identity, identity_generation FROM information_schema.columns WHERE table_schema = 'ktest00000_columns' AND table_name = 'ticket' AND column_name = 'id';
SELECT pg_get_serial_sequence('ticket', 'id'), lastval();
TRUNCATE ticket RESTART IDENTITY;
INSERT INTO ticket (v) VALUES ('again') RETURNING id;
CREATE TABLE stepped (id int GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 5), v text) USING kalamdb;
INSERT INTO stepped (v) VALUES ('a'), ('b') RETURNING id;
CREATE TABLE stepped_too (LIKE stepped INCLUDING IDENTITY) USING kalamdb;
INSERT INTO stepped_too (v) VALUES ('a') RETURNING id;
CREATE TABLE bad (id text GENERATED ALWAYS AS IDENTITY) USING kalamdb;
SELECT kalam_exec('SELECT table_name, data_type, default_value FROM system.columns WHERE namespace_id = ''ktest00000_columns'' AND table_name IN (''bad'', ''stepped'', ''ticket'') AND column_name = ''id'' ORDER BY table_name LIMIT 10');
-- as a dump writes it
ALTER TABLE stepped ALTER COLUMN id DROP IDENTITY;
ALTER TABLE stepped ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME stepped_id_seq START WITH 100);
INSERT INTO stepped (v) VALUES ('c') RETURNING id;
ALTER TABLE stepped ALTER COLUMN id SET GENERATED BY DEFAULT RESTART WITH 200;
INSERT INTO stepped (id, v) VALUES (150, 'd'), (DEFAULT, 'e') RETURNING id;
ALTER TABLE stepped ALTER COLUMN id DROP IDENTITY;
ALTER TABLE stepped ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;

-- COPY takes no generated column
CREATE TABLE made (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text) USING kalamdb;
INSERT INTO made (id, v) VALUES (1, 'x');
COPY made TO stdout;
\set VERBOSITY default
COPY made (id, g) TO stdout;
\set VERBOSITY terse
COPY made (id, g) FROM '/dev/null';
COPY made (id, ctid) TO stdout;
COPY made (id, id) TO stdout;
COPY made (id, v) TO stdout (FORMAT csv, FORCE_QUOTE (v));
COPY made (id) TO stdout (FORMAT csv, FORCE_QUOTE (v));
COPY made TO stdout (FORMAT csv, FORCE_QUOTE (g));
COPY made TO stdout (FORMAT csv, FORCE_QUOTE (id, nosuch));
COPY made TO stdout (FORMAT csv, FORCE_QUOTE *);
COPY made (id) FROM '/dev/null' (FORMAT csv, FORCE_NULL (v));
COPY made FROM '/dev/null' (FORMAT csv, FORCE_NULL (g));

SET client_min_messages = warning;
DROP SCHEMA ktest00000_columns CASCADE;
RESET search_path;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_columns') IS NOT NULL AS cleaned_up;

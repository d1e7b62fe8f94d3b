-- CREATE TABLE with LIKE, and CREATE TABLE AS.
CREATE SCHEMA ktest00000_as;
SET search_path = ktest00000_as, public;
CREATE FUNCTION remote_columns(name text) RETURNS TABLE (column_name text, data_type text, nullable boolean, primary_key boolean, default_value text) LANGUAGE sql AS $$
  SELECT r.column_name, r.data_type, r.nullable, r.primary_key, r.default_value
  FROM jsonb_to_recordset(kalam_exec('SELECT column_name, data_type, nullable, primary_key, default_value, ordinal FROM system.columns WHERE namespace_id = ''ktest00000_as'' AND table_name = ''' || name || ''' ORDER BY ordinal LIMIT 100')::jsonb)
    AS r(column_name text, data_type text, nullable boolean, primary_key boolean, default_value text, ordinal int)
  WHERE r.column_name NOT LIKE E'\\_%' ORDER BY r.ordinal $$;

-- LIKE
CREATE TABLE source (k text PRIMARY KEY, id int NOT NULL DEFAULT 7, gone int, n numeric(6,2) CHECK (n > 0), t timestamptz DEFAULT now(),
  twice int GENERATED ALWAYS AS (id * 2) STORED, w varchar(20) COLLATE "C" DEFAULT 'x' || 'y');
ALTER TABLE source DROP COLUMN gone;
CREATE TABLE plain (LIKE source) USING kalamdb;
SELECT * FROM remote_columns('plain');
CREATE TABLE wanted (LIKE source INCLUDING ALL, extra bigint) USING kalamdb;
SELECT * FROM remote_columns('wanted');
BEGIN;
INSERT INTO wanted (k, n) VALUES ('a', 1);
SELECT k, id, n, t = now() AS t, twice, w, extra FROM wanted;
COMMIT;
\set VERBOSITY terse
INSERT INTO wanted (k, n) VALUES ('b', 0);
INSERT INTO wanted (n) VALUES (1);
\set VERBOSITY default
CREATE TABLE fewer (LIKE source INCLUDING ALL EXCLUDING GENERATED EXCLUDING DEFAULTS EXCLUDING CONSTRAINTS) USING kalamdb;
INSERT INTO fewer (k, id, n) VALUES ('b', 1, 0);
SELECT k, id, n, t, twice, w FROM fewer;
-- comments
COMMENT ON COLUMN source.k IS 'the key';
COMMENT ON COLUMN source.w IS 'a word';
COMMENT ON CONSTRAINT source_n_check ON source IS 'not zero';
CREATE TABLE commented (LIKE source INCLUDING ALL) USING kalamdb;
SELECT col_description('commented'::regclass, attnum) AS comment, attname FROM pg_attribute WHERE attrelid = 'commented'::regclass AND col_description(attrelid, attnum) IS NOT NULL ORDER BY attnum;
SELECT obj_description(oid, 'pg_constraint') AS comment, conname FROM pg_constraint WHERE conrelid = 'commented'::regclass AND contype = 'c';
CREATE TABLE uncommented (LIKE source INCLUDING ALL EXCLUDING COMMENTS) USING kalamdb;
SELECT count(*) FROM pg_description WHERE objoid = 'uncommented'::regclass;
-- of a KalamDB table, whose own types and key are kept
CREATE TABLE docs (code int PRIMARY KEY, e embedding(3), f file, i bigserial) USING kalamdb WITH (type = 'user');
CREATE TABLE docs2 (LIKE docs INCLUDING ALL) USING kalamdb;
SELECT * FROM remote_columns('docs2');
CREATE TABLE bad (LIKE docs) USING kalamdb;
CREATE TABLE bad (LIKE nosuch) USING kalamdb;
CREATE TABLE bad (LIKE source INCLUDING ALL, k text) USING kalamdb;
CREATE TABLE composite (a date, b int, PRIMARY KEY (a, b));
CREATE TABLE bad (LIKE composite INCLUDING INDEXES) USING kalamdb;
CREATE VIEW source_view AS SELECT id, k FROM source;
CREATE TABLE of_view (LIKE source_view) USING kalamdb;
CREATE ROLE ktest_as;
GRANT ALL ON SCHEMA ktest00000_as TO ktest_as;
GRANT USAGE ON FOREIGN SERVER kalam_server TO ktest_as;
SET ROLE ktest_as;
CREATE TABLE bad (LIKE source) USING kalamdb;
RESET ROLE;

-- CREATE TABLE AS
CREATE TABLE made USING kalamdb AS SELECT g AS id, 'row ' || g AS name, g % 2 = 0 AS even, (g::numeric / 4)::numeric(8,2) AS n FROM generate_series(1, 5) AS g ORDER BY g DESC;
SELECT id, name, even, n FROM made ORDER BY id;
SELECT * FROM remote_columns('made');
CREATE TABLE IF NOT EXISTS made USING kalamdb AS SELECT 1 / 0 AS id;
CREATE TABLE made USING kalamdb AS SELECT 1 AS id;
CREATE TABLE named (id, "Label") USING kalamdb WITH (flush_policy = 'rows:1000') AS SELECT id, name, even FROM made WHERE even;
SELECT id, "Label", even FROM named ORDER BY id;
CREATE TABLE copied USING kalamdb AS SELECT * FROM made;
SELECT * FROM copied ORDER BY id;
CREATE TABLE no_data USING kalamdb AS SELECT * FROM made WITH NO DATA;
SELECT count(*) FROM no_data;
SET default_table_access_method = kalamdb;
SELECT id, name INTO selected FROM made WHERE id > 3;
CREATE TABLE by_default AS VALUES (1, 'one');
CREATE TABLE by_default AS SELECT column1 AS id, column2 AS word FROM (VALUES (1, 'one'), (2, NULL)) AS v;
-- what KalamDB cannot hold stays PostgreSQL's
CREATE TEMP TABLE temp_as AS SELECT 1 AS n;
SELECT 1 AS n INTO TEMP temp_into;
CREATE TEMP TABLE temp_plain (n int, UNIQUE (n)) ON COMMIT DELETE ROWS;
CREATE TABLE pg_temp.temp_named (n int);
CREATE MATERIALIZED VIEW summary AS SELECT id, name FROM made;
CREATE UNIQUE INDEX ON summary (id);
UPDATE made SET name = 'five!' WHERE id = 5;
REFRESH MATERIALIZED VIEW CONCURRENTLY summary;
SELECT name FROM summary WHERE id = 5;
DROP MATERIALIZED VIEW summary;
SELECT relname, amname FROM pg_class JOIN pg_am ON pg_am.oid = relam WHERE relname LIKE 'temp\_%' AND relkind = 'r' ORDER BY 1;
RESET default_table_access_method;
SELECT id, name FROM selected ORDER BY id;
SELECT id, word FROM by_default ORDER BY id;
SET kalam.user_id = 'alice';
CREATE TABLE mine USING kalamdb WITH (type = 'user', system_columns = 'user') AS SELECT id, name FROM made WHERE id < 3;
SELECT id, name, _userid FROM mine ORDER BY id;
SET kalam.user_id = 'bob';
SELECT count(*) FROM mine;
RESET kalam.user_id;
-- of a prepared statement
ALTER TABLE made ADD COLUMN _seq bigint;
PREPARE some_rows(int) AS SELECT g AS id, 'row ' || g AS name, _seq FROM made, generate_series(made.id, made.id) g WHERE id > $1;
CREATE TABLE executed USING kalamdb AS EXECUTE some_rows(2 + 1);
SELECT * FROM executed ORDER BY id;
CREATE TABLE executed2 (id, "Label") USING kalamdb AS EXECUTE some_rows(4) WITH NO DATA;
SELECT count("Label") FROM executed2;
CREATE TABLE bad USING kalamdb AS EXECUTE some_rows('x');
CREATE TABLE bad USING kalamdb AS EXECUTE nosuch;
PREPARE no_rows AS DELETE FROM made WHERE id = 4711 RETURNING id;
CREATE TABLE bad USING kalamdb AS EXECUTE no_rows;
DEALLOCATE ALL;
CREATE TEMP TABLE bad USING kalamdb AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW bad USING kalamdb AS SELECT 1 AS id;
CREATE TABLE bad (id, a, b) USING kalamdb AS SELECT 1, 2;
CREATE TABLE bad USING kalamdb AS SELECT 1 AS a;
\set VERBOSITY terse
CREATE TABLE bad USING kalamdb AS SELECT NULL::int AS id;
\set VERBOSITY default
CREATE TABLE bad USING kalamdb AS SELECT 1 AS id UNION ALL SELECT 1;
CREATE TABLE bad USING kalamdb AS SELECT 1 / (g - 2) AS id FROM generate_series(1, 3) AS g;
DO $$ BEGIN
  CREATE TABLE in_function USING kalamdb AS SELECT 1 AS id;
  RAISE NOTICE 'rows: %', (SELECT count(*) FROM in_function);
END $$;
-- the rows are the transaction's
BEGIN;
CREATE TABLE undone USING kalamdb AS SELECT 1 AS id;
SELECT id FROM undone;
SAVEPOINT s;
CREATE TABLE undone2 USING kalamdb AS SELECT 2 AS id;
ROLLBACK TO s;
INSERT INTO undone VALUES (2);
SELECT id FROM undone ORDER BY id;
ROLLBACK;
SELECT relname FROM pg_class WHERE relname ~ '^(undone|bad)' AND relkind = 'f';
SELECT kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''ktest00000_as'' AND (table_name LIKE ''undone%'' OR table_name = ''bad'') LIMIT 10');

DROP OWNED BY ktest_as;
DROP ROLE ktest_as;
SET client_min_messages = warning;
DROP SCHEMA ktest00000_as CASCADE;
RESET client_min_messages;
SELECT kalam_exec('DROP NAMESPACE ktest00000_as CASCADE') IS NOT NULL AS cleaned_up;

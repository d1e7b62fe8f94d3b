-- The SQL functions.
SELECT kalam_version() ~ '^\d+\.\d+\.\d+', kalam_compiled_mode(), kalam_user_id_guc_name();

-- The user id: trimmed, checked when it is set, NULL when it is blank.
SELECT kalam_user_id() IS NULL;
SET kalam.user_id = '  alice ';
SELECT kalam_user_id();
SET kalam.user_id = 'a..b';
SET kalam.user_id = 'a/b';
SELECT kalam_user_id();
SET kalam.user_id = '   ';
SELECT kalam_user_id() IS NULL;
RESET kalam.user_id;
CREATE ROLE ktest_functions_role;
SET ROLE ktest_functions_role;
SET kalam.user_id = 'bob';
RESET ROLE;
GRANT SET ON PARAMETER kalam.user_id TO ktest_functions_role;
SET ROLE ktest_functions_role;
SET kalam.user_id = 'bob';
SELECT kalam_user_id();
RESET kalam.user_id;

-- Pass-through is not for everybody.
SELECT kalam_exec('SELECT 1');
RESET ROLE;
GRANT EXECUTE ON FUNCTION kalam_exec(text) TO ktest_functions_role;
SET ROLE ktest_functions_role;
SELECT kalam_exec('SELECT 1');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION kalam_exec(text) FROM ktest_functions_role;
REVOKE SET ON PARAMETER kalam.user_id FROM ktest_functions_role;
DROP ROLE ktest_functions_role;

-- Volatility, parallel safety.
SELECT p.oid::regprocedure, provolatile, proparallel
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_kalam'
WHERE p.prorettype NOT IN ('fdw_handler'::regtype, 'table_am_handler'::regtype, 'void'::regtype)
ORDER BY p.proname, p.pronargs;

-- Ids: they grow, never repeat, and count from 2024-01-01.
SELECT count(DISTINCT id), bool_and(id > previous) FILTER (WHERE previous IS NOT NULL)
FROM (SELECT id, lag(id) OVER (ORDER BY n) AS previous FROM (SELECT n, SNOWFLAKE_ID() AS id FROM generate_series(1, 10000) n) q) r;
SELECT abs((snowflake_id() >> 22) - extract(epoch FROM clock_timestamp() - timestamptz '2024-01-01 00:00+00') * 1000) < 60000;

-- Servers
SELECT kalam_ping('kalam_server');
SELECT kalam_ping('ktest_no_such_server');
CREATE FOREIGN DATA WRAPPER ktest_functions_fdw;
CREATE SERVER ktest_functions_other FOREIGN DATA WRAPPER ktest_functions_fdw;
SELECT kalam_ping('ktest_functions_other');
DROP FOREIGN DATA WRAPPER ktest_functions_fdw CASCADE;

-- kalam_exec: messages come as a JSON string, rows as an array of objects.
SELECT kalam_exec('CREATE NAMESPACE IF NOT EXISTS ktest00000_functions');
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_functions.kinds (id BIGINT PRIMARY KEY, b BOOLEAN, s SMALLINT, i INT,
  r FLOAT, d DOUBLE, t TEXT, j JSON, y BYTES, n DECIMAL(20, 3), da DATE, ti TIME, ts TIMESTAMP, tz DATETIME, u UUID, e EMBEDDING(2))');
SELECT kalam_exec('kalam_server', 'SELECT id FROM ktest00000_functions.kinds LIMIT 5');
CREATE FOREIGN TABLE ktest_functions_kinds (id bigint NOT NULL, b boolean, s smallint, i int, r real, d double precision,
  t text, j jsonb, y bytea, n numeric(20, 3), da date, ti time, ts timestamp, tz timestamptz, u uuid, e real[])
  SERVER kalam_server OPTIONS (namespace 'ktest00000_functions', table 'kinds');
INSERT INTO ktest_functions_kinds VALUES
  (9007199254740993, true, -32768, 2147483647, 1.5, 0.1, E'tab\t"quote" back\\slash é', '{"a": [1, null]}',
   '\x00ff10', -12345678901234567.891, '2024-02-29', '23:59:59.000001', '1999-12-31 23:59:59.5',
   '2024-01-01 12:00:00+02', '00112233-4455-6677-8899-aabbccddeeff', '{0.5,-1.25}'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, false, 0, 0, 'NaN', '-Infinity', '', 'null', '', 0.001, '0001-01-01', '00:00', '0001-01-01', '0044-03-15 00:00:00+00 BC',
   '00000000-0000-0000-0000-000000000000', '{0,0}');
SELECT value - '_seq' - '_version' - '_deleted'
FROM jsonb_array_elements(kalam_exec('SELECT * FROM ktest00000_functions.kinds ORDER BY id LIMIT 10')::jsonb);
SELECT kalam_exec('SELECT id, n FROM ktest00000_functions.kinds WHERE id > 3 LIMIT 1');
SELECT kalam_exec('SELECT count(*) AS c FROM ktest00000_functions.kinds');

-- What the server says is passed on.
\set VERBOSITY terse
SELECT kalam_exec('SELECT nope FROM ktest00000_functions.kinds LIMIT 1');
\set VERBOSITY default
SELECT kalam_exec('SELECT 1 FROM ktest00000_functions.no_such_table LIMIT 1');
SELECT kalam_exec('SELEC 1');
SELECT kalam_exec('');

-- Longer statements than the server takes, in part.
SELECT length(kalam_exec('SELECT ''' || repeat('x', 1000000) || ''' AS a'));
\set VERBOSITY sqlstate
SELECT kalam_exec('SELECT ''' || repeat('x', 1100000) || ''' AS a');
SELECT kalam_exec('SELECT ''' || repeat('x', 5000000) || ''' AS a');
SELECT kalam_exec('SELECT 1; SELECT 2');
SELECT kalam_exec(';');
SELECT kalam_exec('-- nothing');
\set VERBOSITY default
SELECT kalam_exec(E'/* first */ -- then\n SELECT 1 AS a;');

-- What the server answers, beyond the types of columns.
SELECT kalam_exec('SELECT 9223372036854775807 AS a, 18446744073709551615 AS b, -9223372036854775808 AS c');
SELECT kalam_exec('SELECT CAST(''NaN'' AS DOUBLE) AS a, CAST(''-Infinity'' AS DOUBLE) AS b, 1e300 AS d');
SELECT kalam_exec('SELECT NULL AS n, ARRAY[1, 2, NULL] AS l, INTERVAL ''1 month 2 days 3 hours'' AS i');
SELECT kalam_exec(E'SELECT ''ä"\\\n'' AS "a ""b"" ä"');

-- The server cuts answers silently; told when it did, and not when an answer happens to have so many rows.
INSERT INTO ktest_functions_kinds (id) SELECT n FROM generate_series(100, 146) n;
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds')::jsonb);
INSERT INTO ktest_functions_kinds (id) SELECT n FROM generate_series(147, 170) n;
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds')::jsonb);
SELECT jsonb_array_length(kalam_exec(E'-- all\n SELECT id FROM ktest00000_functions.kinds -- of it')::jsonb);
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds LIMIT 50')::jsonb);
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds LIMIT 60')::jsonb);
INSERT INTO ktest_functions_kinds (id) SELECT n FROM generate_series(1001, 1926) n;
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds LIMIT 2000')::jsonb);
INSERT INTO ktest_functions_kinds (id) VALUES (2000);
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds LIMIT 1000')::jsonb);
SELECT jsonb_array_length(kalam_exec('SELECT id FROM ktest00000_functions.kinds LIMIT 2000')::jsonb);

-- Flushing: the owner's business.
SELECT kalam_flush('ktest_functions_kinds') IS NOT NULL;
SELECT count(*) FROM ktest_functions_kinds;
CREATE ROLE ktest_functions_role;
GRANT ALL ON ktest_functions_kinds TO ktest_functions_role;
SET ROLE ktest_functions_role;
SELECT kalam_flush('ktest_functions_kinds');
RESET ROLE;
REVOKE ALL ON ktest_functions_kinds FROM ktest_functions_role;
ALTER FOREIGN TABLE ktest_functions_kinds OWNER TO ktest_functions_role;
SET ROLE ktest_functions_role;
SELECT kalam_flush('ktest_functions_kinds') IS NOT NULL;
RESET ROLE;
ALTER FOREIGN TABLE ktest_functions_kinds OWNER TO CURRENT_USER;
DROP ROLE ktest_functions_role;
SELECT kalam_flush('pg_class');
SELECT kalam_flush(NULL) IS NULL;
SELECT kalam_flush(0::regclass);
CREATE FOREIGN TABLE ktest_functions_gone (id bigint NOT NULL) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_functions', table 'gone', table_type 'shared');
SELECT kalam_exec('DROP TABLE ktest00000_functions.gone') IS NOT NULL;
SELECT kalam_flush('ktest_functions_gone');
DROP FOREIGN TABLE ktest_functions_gone;

DROP FOREIGN TABLE ktest_functions_kinds;
SELECT kalam_exec('DROP NAMESPACE ktest00000_functions CASCADE');

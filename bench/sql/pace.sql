-- Everyday works at the pace of a running server: tables kalam.hot and kalam.cold (flushed), :rows rows each.
-- Variables: rows, runs, only (a regular expression), namespace.
\set QUIET on
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SELECT set_config('bench.runs', :'runs', false), set_config('bench.only', :'only', false) \g /dev/null

CREATE SCHEMA heap;
CREATE SCHEMA kalam;
CREATE TABLE heap.wide (id bigint PRIMARY KEY, b bigint, c double precision NOT NULL, d text);
INSERT INTO heap.wide
  SELECT i, CASE WHEN i % 10 <> 0 THEN i * 7919::bigint END, i * 0.37, CASE WHEN i % 7 <> 0 THEN lpad(i::text, 20, 'x') END
  FROM generate_series(1, :rows) i;
CREATE TABLE heap.hundred AS SELECT id FROM heap.wide WHERE id BETWEEN 500 AND 599;
VACUUM (FREEZE, ANALYZE) heap.wide;
VACUUM (FREEZE, ANALYZE) heap.hundred;

-- One table for each run of the large insert: a server keeps what it is sent.
SELECT format('CREATE FOREIGN TABLE kalam.%1$I (id bigint PRIMARY KEY, b bigint, c double precision NOT NULL, d text) '
              'SERVER writes OPTIONS (namespace %2$L, "table" %1$L)', name, :'namespace')
  FROM unnest(ARRAY['hot', 'cold', 'single']) name
UNION ALL
SELECT format('CREATE FOREIGN TABLE kalam.%1$I (id bigint PRIMARY KEY, b bigint, c double precision NOT NULL, d text) '
              'SERVER writes OPTIONS (namespace %2$L, "table" %1$L)', kind || run, :'namespace')
  FROM unnest(ARRAY['many', 'direct']) kind, generate_series(0, :runs) run \gexec
SET kalam.write_mode = autocommit;
INSERT INTO kalam.hot SELECT * FROM heap.wide;
INSERT INTO kalam.cold SELECT * FROM heap.wide;
RESET kalam.write_mode;
SELECT kalam_flush('kalam.cold') \g /dev/null
ANALYZE kalam.hot, kalam.cold;

-- Here statements run in a procedure, which may go on after them. A client sends each by itself, and KalamDB tells it of
-- a duplicate key.
SET kalam.check_keys = commit;
CALL bench.compare('INSERT of one row', 'statement', 1,
  'pg_kalam', 'INSERT INTO kalam.single VALUES (1 + %1$s, 1, 1.5, ''one row'')');
CALL bench.compare('INSERT of all rows, one statement', 'statement', 1,
  'pg_kalam', 'INSERT INTO kalam.many%1$s SELECT * FROM heap.wide');
SET kalam.write_mode = autocommit;
CALL bench.compare('INSERT of all rows, one statement', 'statement', 1,
  'pg_kalam, autocommit', 'INSERT INTO kalam.direct%1$s SELECT * FROM heap.wide');
RESET kalam.write_mode;

SELECT format('SELECT count(c), sum(b) FROM kalam.hot WHERE id = ANY (%L::bigint[])', array_agg(i)) AS list
  FROM generate_series(100, 199) i \gset
CALL bench.compare('100 keys by list', 'statement', 1, 'pg_kalam', :'list');
CALL bench.compare('range of 100 keys', 'statement', 1,
  'pg_kalam', 'SELECT count(c), sum(b) FROM kalam.hot WHERE id BETWEEN 100 AND 199', 'pg_kalam, by list', :'list');
CALL bench.compare('join of 100 local rows by key', 'statement', 1,
  'pg_kalam', 'SELECT count(c), sum(b) FROM heap.hundred JOIN kalam.hot USING (id)', 'pg_kalam, by list', :'list');

-- Each run has keys of its own; the list names the same number of keys beside them.
SELECT 'UPDATE kalam.hot SET c = c + 1 WHERE id BETWEEN 2000 + 100 * %1$s AND 2099 + 100 * %1$s' AS updating,
       format('UPDATE kalam.hot SET c = c + 1 WHERE id = ANY (%L::bigint[])', array_agg(i)) AS updating_list
  FROM generate_series(1000, 1099) i \gset
CALL bench.compare('UPDATE of 100 rows by a range', 'statement', 1, 'pg_kalam', :'updating',
  'pg_kalam, by list', :'updating_list');
CALL bench.compare('DELETE of 100 rows by a range', 'statement', 1,
  'pg_kalam', 'DELETE FROM kalam.hot WHERE id BETWEEN 5000 + 100 * %1$s AND 5099 + 100 * %1$s');

-- Half of the rows are there. Each run has keys of its own.
SELECT 'INSERT INTO kalam.hot SELECT CASE WHEN i < 500 THEN 10000 + 500 * %1$s + i ELSE 1000000 + 1000 * %1$s + i END, 1, 2.5, ''new'' '
       'FROM generate_series(0, 999) i ON CONFLICT (id) DO UPDATE SET c = EXCLUDED.c' AS upserting,
       'WITH u AS (UPDATE kalam.hot SET c = 2.5 WHERE id = ANY (ARRAY(SELECT i FROM generate_series(20000 + 500 * %1$s, 20499 + 500 * %1$s) i))) '
       'INSERT INTO kalam.hot SELECT 2000000 + 1000 * %1$s + i, 1, 2.5, ''new'' FROM generate_series(500, 999) i' AS changing \gset
CALL bench.compare('upsert of 1,000 rows', 'statement', 1, 'pg_kalam', :'upserting',
  'pg_kalam, UPDATE of a list and INSERT', :'changing');
CALL bench.compare('upsert of one row', 'statement', 1, 'pg_kalam',
  'INSERT INTO kalam.hot VALUES (30000 + %1$s, 1, 2.5, ''new'') ON CONFLICT (id) DO UPDATE SET c = EXCLUDED.c',
  'pg_kalam, UPDATE of a key', 'UPDATE kalam.hot SET c = 2.5 WHERE id = 31000 + %1$s');
SET kalam.check_keys = statement;
CALL bench.compare('INSERT of one row', 'statement', 1,
  'pg_kalam, in a block', 'INSERT INTO kalam.single VALUES (1000000 + %1$s, 1, 1.5, ''one row'')');
SET kalam.check_keys = commit;

SELECT 'SELECT count(id), count(b), count(c), count(d) FROM kalam.%s' AS counting \gset
CALL bench.compare('scan of all columns, hot', 'statement', 1, 'pg_kalam', format(:'counting', 'hot'));
CALL bench.compare('scan of all columns, cold', 'statement', 1, 'pg_kalam', format(:'counting', 'cold'));
CALL bench.compare('count(*), flushed', 'statement', 1, 'pg_kalam', 'SELECT count(*) FROM kalam.cold');

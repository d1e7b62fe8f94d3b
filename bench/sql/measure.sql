-- The works. Variables: rows, runs, calls, only (a regular expression), directory (the server's, for a file of COPY).
\set QUIET on
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SET kalam.write_mode = autocommit;
-- Statements run in a procedure, which may go on after them. A client sends each by itself, and KalamDB tells it of a
-- duplicate key.
SET kalam.check_keys = commit;
SELECT set_config('bench.runs', :'runs', false), set_config('bench.only', :'only', false) \g /dev/null
\set file :directory /copy.txt
COPY heap.wide TO :'file';

\set columns 'count(id), count(b), count(c), count(d), count(e)'
-- OFFSET 0 keeps postgres_fdw from counting on the other side.
SELECT format('SELECT %s FROM (SELECT id, b, c, d, e FROM %%s OFFSET 0) s', :'columns') AS counting,
       'COPY (SELECT id, b, c, d, e FROM %s) TO ''/dev/null''' AS copying,
       format('COPY %%s (id, b, c, d, e) FROM %L', :'file') AS loading,
       'INSERT INTO %s (id, b, c, d, e) SELECT id, b, c, d, e FROM heap.wide' AS inserting \gset
CALL bench.compare('scan, all columns counted', 'row', :rows, 'heap', format(:'counting', 'heap.wide'),
  'postgres_fdw', format(:'counting', 'fdw.wide'), 'pg_kalam', format(:'counting', 'kalam.wide'));
CALL bench.compare('COPY out', 'row', :rows, 'heap', format(:'copying', 'heap.wide'),
  'postgres_fdw', format(:'copying', 'fdw.wide'), 'pg_kalam', format(:'copying', 'kalam.wide'));

CALL bench.compare('point read', 'call', :calls,
  'heap', format('CALL bench.look_up_heap_wide(bench.keys(%s))', :calls),
  'postgres_fdw', format('CALL bench.look_up_fdw_wide(bench.keys(%s))', :calls),
  'pg_kalam', format('CALL bench.look_up_kalam_wide(bench.keys(%s))', :calls));

CALL bench.compare('point read, a transaction each', 'call', :calls, 'heap', 'SELECT bench.read_heap_wide($1)',
  'postgres_fdw', 'SELECT bench.read_fdw_wide($1)', 'pg_kalam', 'SELECT bench.read_kalam_wide($1)');

CALL bench.compare('1,000 keys = ANY', 'key', 1000, 'heap', 'CALL bench.look_up_list_heap_small(bench.keys(1000))',
  'postgres_fdw', 'CALL bench.look_up_list_fdw_small(bench.keys(1000))',
  'pg_kalam', 'CALL bench.look_up_list_kalam_wide(bench.keys(1000))',
  'pg_kalam, one by one', 'CALL bench.look_up_kalam_wide(bench.keys(1000))',
  'pg_kalam, as a server', 'CALL bench.look_up_list_kalam_list(bench.keys(1000))',
  'pg_kalam, as a server, one by one', 'CALL bench.look_up_kalam_list(bench.keys(1000))');
-- 44 ms a call one after the other: fewer of them.
CALL bench.compare('100 keys, quick_ack off', 'key', 100,
  'pg_kalam, as a server', 'CALL bench.look_up_list_kalam_slow_list(bench.keys(100))',
  'pg_kalam, as a server, one by one', 'CALL bench.look_up_kalam_slow_list(bench.keys(100))');
CALL bench.compare('1,000 keys, quick_ack off', 'key', 1000,
  'pg_kalam, as a server', 'CALL bench.look_up_list_kalam_slow_list(bench.keys(1000))');

CALL bench.compare('INSERT ... SELECT', 'row', :rows, 'heap', format(:'inserting', 'heap.fresh'),
  'postgres_fdw', format(:'inserting', 'fdw.fresh'), 'pg_kalam', format(:'inserting', 'kalam.inserted%1$s'));
CALL bench.compare('COPY in', 'row', :rows, 'heap', format(:'loading', 'heap.fresh'),
  'postgres_fdw', format(:'loading', 'fdw.fresh'), 'pg_kalam', format(:'loading', 'kalam.copied%1$s'));

CALL bench.compare('UPDATE by key, a transaction each', 'row', :calls,
  'heap', 'SELECT bench.change_heap_small($1)',
  'postgres_fdw', 'SELECT bench.change_fdw_small($1)',
  'pg_kalam', 'SELECT bench.change_kalam_small($1)');
SELECT format('UPDATE %%s SET c = c + 1 WHERE id = ANY (%L::bigint[])', bench.keys(1000)) AS updating \gset
CALL bench.compare('UPDATE of 1,000 keys', 'row', 1000, 'heap', format(:'updating', 'heap.small'),
  'postgres_fdw', format(:'updating', 'fdw.small'), 'pg_kalam', format(:'updating', 'kalam.small'));

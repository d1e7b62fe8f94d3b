-- The tables of the benchmark: schemas heap, fdw (postgres_fdw on heap's) and kalam.
-- Variables: rows, runs, namespace, socket, port.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION postgres_fdw;
CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host :'socket', port :'port', dbname 'kalam', fetch_size '10000', batch_size '1000');
CREATE USER MAPPING FOR PUBLIC SERVER loopback OPTIONS (user 'postgres');
CREATE SCHEMA heap;
CREATE SCHEMA fdw;
CREATE SCHEMA kalam;
SET kalam.write_mode = autocommit;

-- The columns of kalam-bench's table: 50 bytes a row, NULLs in two columns.
CREATE TABLE heap.wide (id bigint PRIMARY KEY, b bigint, c double precision NOT NULL, d text, e timestamptz NOT NULL);
INSERT INTO heap.wide
  SELECT i, CASE WHEN i % 10 <> 0 THEN i * 7919::bigint END, i * 0.37, CASE WHEN i % 7 <> 0 THEN lpad(i::text, 20, 'x') END,
         timestamptz '2026-01-01 00:00+00' + i * interval '1 second'
  FROM generate_series(1, :rows) i;
CREATE TABLE heap.small (LIKE heap.wide INCLUDING ALL);
INSERT INTO heap.small SELECT * FROM heap.wide WHERE id <= 10000;
CREATE TABLE heap.fresh (LIKE heap.wide INCLUDING ALL);
VACUUM (FREEZE, ANALYZE) heap.wide;
VACUUM (FREEZE, ANALYZE) heap.small;
CHECKPOINT;
IMPORT FOREIGN SCHEMA heap FROM SERVER loopback INTO fdw;

-- A KalamDB table with the columns of heap.wide, or one more foreign table for it.
CREATE PROCEDURE pg_temp.make_table(name text, server text, remote text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE FOREIGN TABLE kalam.%I (id bigint PRIMARY KEY, b bigint, c double precision NOT NULL, d text, '
                 'e timestamptz NOT NULL) SERVER %I OPTIONS (namespace %L, "table" %L)',
                 name, server, current_setting('bench.namespace'), remote);
END $$;
SELECT set_config('bench.namespace', :'namespace', false) \g /dev/null
CALL pg_temp.make_table('wide', 'reads', 'wide');
CALL pg_temp.make_table('list', 'sockets', 'list');
CALL pg_temp.make_table('slow_list', 'slow_sockets', 'list');
CALL pg_temp.make_table('small', 'writes', 'small');
-- One for each run, since a KalamDB server keeps what it is sent.
SELECT format('CALL pg_temp.make_table(%1$L, %2$L, %1$L)', name || run, 'inserts')
  FROM unnest(ARRAY['inserted', 'copied']) name, generate_series(0, :runs) run \gexec
INSERT INTO kalam.wide (id, b, c, d, e) SELECT * FROM heap.wide;
INSERT INTO kalam.list (id, b, c, d, e) SELECT * FROM heap.wide;
ANALYZE kalam.wide, kalam.list, kalam.slow_list, kalam.small;
INSERT INTO kalam.small (id, b, c, d, e) SELECT * FROM heap.small;

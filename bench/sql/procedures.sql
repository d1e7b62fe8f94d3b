-- bench.compare runs a work on several systems in turn and writes down wall and processor time.
\set QUIET on
CREATE SCHEMA bench;
-- Times in microseconds a unit; place: the order of the report.
CREATE TABLE bench.result (place serial, work text, unit text, system text, wall float8, cpu float8);

-- User and system time of this backend so far, all threads, in microseconds (Linux; the kernel counts hundredths of a
-- second).
CREATE FUNCTION bench.processor_time() RETURNS float8 LANGUAGE sql VOLATILE AS $$
  SELECT (field[12]::float8 + field[13]::float8) * 10000
  FROM regexp_split_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '^.*\) ', ''), ' ') AS field
$$;

-- Keys that are spread over the small table, the same ones each time.
CREATE FUNCTION bench.keys(count int) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg((i * 7919::bigint) % 10000 + 1) FROM generate_series(1, count) i
$$;

-- Every system does the work once per run, in turn, so that a busy moment of the machine hits all of them; run 0 warms
-- up. In a statement %1$s is the run. Each is a transaction of its own, whose commit belongs to it; one with a $1 is done
-- for each of as many keys as there are units.
CREATE PROCEDURE bench.compare(work text, unit text, units bigint, VARIADIC systems_and_statements text[])
LANGUAGE plpgsql AS $$
DECLARE
  systems_and_statements text[] := systems_and_statements;
  began timestamptz;
  wall float8;
  cpu float8;
  key bigint;
BEGIN
  IF work !~ current_setting('bench.only') THEN RETURN; END IF;
  FOR run IN 0 .. current_setting('bench.runs')::int LOOP
    FOR i IN 1 .. array_length(systems_and_statements, 1) BY 2 LOOP
      IF systems_and_statements[i + 1] ~ 'heap\.fresh|fdw\.fresh' THEN TRUNCATE heap.fresh; END IF;
      COMMIT;
      cpu := bench.processor_time();
      began := clock_timestamp();
      IF systems_and_statements[i + 1] ~ '\$1' THEN
        FOREACH key IN ARRAY bench.keys(units::int) LOOP
          EXECUTE systems_and_statements[i + 1] USING key;
          COMMIT;
        END LOOP;
      ELSE
        EXECUTE format(systems_and_statements[i + 1], run);
        COMMIT;
      END IF;
      wall := extract(epoch FROM clock_timestamp() - began) * 1e6;
      cpu := bench.processor_time() - cpu;
      IF run > 0 THEN
        INSERT INTO bench.result (work, unit, system, wall, cpu)
          VALUES (work, unit, systems_and_statements[i], wall / units, cpu / units);
      END IF;
      COMMIT;
    END LOOP;
  END LOOP;
END $$;

-- For each kind of table a procedure that looks rows up one after the other (a prepared statement of PL/pgSQL), and one
-- that reads a list of keys; functions that read or change one row.
SELECT format($make$
  CREATE PROCEDURE bench.look_up_%2$s(keys bigint[]) LANGUAGE plpgsql AS $body$
  DECLARE
    key bigint;
    found_row record;
    hits int := 0;
  BEGIN
    FOREACH key IN ARRAY keys LOOP
      SELECT id, b, c, d, e INTO found_row FROM %1$s WHERE id = key;
      IF found THEN hits := hits + 1; END IF;
    END LOOP;
    IF hits <> array_length(keys, 1) THEN RAISE 'only %% rows were found', hits; END IF;
  END $body$;
  CREATE PROCEDURE bench.look_up_list_%2$s(keys bigint[]) LANGUAGE plpgsql AS $body$
  DECLARE
    hits int;
  BEGIN
    SELECT count(c) INTO hits FROM %1$s WHERE id = ANY (keys);
    IF hits <> array_length(keys, 1) THEN RAISE 'only %% rows were found', hits; END IF;
  END $body$;
  CREATE FUNCTION bench.read_%2$s(key bigint) RETURNS void LANGUAGE plpgsql AS $body$
  DECLARE
    found_row record;
  BEGIN
    SELECT id, b, c, d, e INTO STRICT found_row FROM %1$s WHERE id = key;
  END $body$;
  CREATE FUNCTION bench.change_%2$s(key bigint) RETURNS void LANGUAGE plpgsql AS $body$
  BEGIN
    UPDATE %1$s SET c = c + 1 WHERE id = key;
    IF NOT found THEN RAISE 'no row with key %%', key; END IF;
  END $body$
$make$, name, replace(name, '.', '_'))
FROM unnest(ARRAY['heap.wide', 'fdw.wide', 'kalam.wide', 'heap.small', 'fdw.small', 'kalam.small', 'kalam.list',
                  'kalam.slow_list']) name \gexec

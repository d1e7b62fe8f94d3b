-- The first statement of a session on a table that is flushed. Variable: only (a regular expression).
\set QUIET on
SET jit = off;
SELECT 'first statement of a session, cold' ~ :'only' AS chosen \gset
\if :chosen
SELECT clock_timestamp() AS began \gset
SELECT count(id), count(b), count(c), count(d) FROM kalam.cold \g /dev/null
INSERT INTO bench.result (work, unit, system, wall)
  VALUES ('first statement of a session, cold', 'statement', 'pg_kalam',
          extract(epoch FROM clock_timestamp() - :'began') * 1e6);
\endif

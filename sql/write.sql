-- Statements whose rows or counts are easily wrong: each runs on KalamDB tables and on ordinary ones alike.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_write;
CREATE SCHEMA heap_write;
RESET client_min_messages;
\set q '''ktest00000_write'''
\set all '''SELECT id, v, n FROM t'''

CREATE TABLE ktest00000_write.t (id int PRIMARY KEY, v text NOT NULL, n int CHECK (n > 0)) USING kalamdb WITH (system_columns = all);
CREATE TABLE heap_write.t (id int PRIMARY KEY, v text NOT NULL, n int CHECK (n > 0), _seq bigint);
CREATE TABLE ktest00000_write.extra (id int, t_id int);
CREATE TABLE heap_write.extra (id int, t_id int);
INSERT INTO ktest00000_write.extra VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO heap_write.extra VALUES (1, 1), (2, 1), (3, 2);
SELECT compare.run(:q, $$INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 5) i$$);

-- A statement does not see its own rows; a row that joins twice changes once.
SELECT compare.run(:q, $$INSERT INTO t (id, v, n) SELECT id + 10, v, n FROM t$$);
SELECT compare.run(:q, $$UPDATE t SET n = n + 100 FROM extra e WHERE e.t_id = t.id$$);
SELECT compare.run(:q, $$DELETE FROM t USING extra e WHERE e.t_id + 10 = t.id$$);
SELECT compare.run(:q, $$UPDATE t SET n = n + 1 WHERE id = 1 RETURNING id, v, n, t.*::text$$);
BEGIN;
UPDATE ktest00000_write.t SET v = v WHERE id = 1 RETURNING id, _seq;
DELETE FROM ktest00000_write.t WHERE id = 2 RETURNING id, _seq > 0 AS has_version;
ROLLBACK;
SELECT compare.run(:q, :all);
-- Keys: to one that exists, to a free one, and through each other.
SELECT compare.run(:q, $$UPDATE t SET id = 2 WHERE id = 1$$);
SELECT compare.run(:q, $$UPDATE t SET id = CASE id WHEN 3 THEN 4 ELSE 3 END WHERE id IN (3, 4)$$);
SELECT compare.run(:q, $$UPDATE t SET id = id + 1000 WHERE id > 10 RETURNING id$$);
SELECT compare.run(:q, $$INSERT INTO t VALUES (50, 'a', 1), (50, 'b', 1)$$);
SET search_path = ktest00000_write;
WITH gone AS (DELETE FROM t WHERE id = 5 RETURNING *) INSERT INTO t (id, v, n) SELECT id + 100, v, n FROM gone;
WITH a AS (UPDATE t SET n = 7 WHERE id = 4 RETURNING id) UPDATE t SET n = 8 FROM a WHERE t.id = a.id - 1;
SET search_path = heap_write;
WITH gone AS (DELETE FROM t WHERE id = 5 RETURNING *) INSERT INTO t (id, v, n) SELECT id + 100, v, n FROM gone;
WITH a AS (UPDATE t SET n = 7 WHERE id = 4 RETURNING id) UPDATE t SET n = 8 FROM a WHERE t.id = a.id - 1;
RESET search_path;
SELECT compare.run(:q, :all);
-- Constraints of the table and of a view.
SELECT compare.run(:q, $$INSERT INTO t VALUES (60, 'a', 0)$$);
SELECT compare.run(:q, $$UPDATE t SET n = -1 WHERE id = 2$$);
SELECT compare.run(:q, $$UPDATE t SET v = NULL$$);
CREATE VIEW ktest00000_write.few AS SELECT * FROM ktest00000_write.t WHERE n < 50 WITH CHECK OPTION;
CREATE VIEW heap_write.few AS SELECT * FROM heap_write.t WHERE n < 50 WITH CHECK OPTION;
SELECT compare.run(:q, $$INSERT INTO few VALUES (61, 'a', 51)$$);
SELECT compare.run(:q, $$UPDATE few SET n = 60 WHERE id = 3$$);
SELECT compare.run(:q, $$UPDATE few SET n = 6 WHERE id = 3 RETURNING *$$);
SELECT compare.run(:q, :all);

-- Triggers: rows changed, skipped, counted, and seen as a set.
CREATE FUNCTION compare.before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op = 'DELETE' THEN RETURN CASE WHEN OLD.id % 2 = 0 THEN OLD END; END IF;
  IF NEW.id % 2 = 1 THEN RETURN NULL; END IF;
  NEW.v := NEW.v || '+';
  RETURN NEW;
END $$;
CREATE TRIGGER b BEFORE INSERT OR UPDATE OR DELETE ON ktest00000_write.t FOR EACH ROW EXECUTE FUNCTION compare.before_row();
CREATE TRIGGER b BEFORE INSERT OR UPDATE OR DELETE ON heap_write.t FOR EACH ROW EXECUTE FUNCTION compare.before_row();
SELECT compare.run(:q, $$INSERT INTO t SELECT i, 'new', i FROM generate_series(70, 73) i RETURNING id, v$$);
SELECT compare.run(:q, $$UPDATE t SET n = n + 1 WHERE id BETWEEN 1 AND 80$$);
SELECT compare.run(:q, $$DELETE FROM t WHERE id BETWEEN 70 AND 80 OR id = 3 RETURNING id, v$$);
SELECT compare.run(:q, :all);
DROP TRIGGER b ON ktest00000_write.t;
DROP TRIGGER b ON heap_write.t;

-- Errors that are caught take their rows along; a scan that is open goes on.
CREATE FUNCTION compare.caught() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  seen text := '';
BEGIN
  FOR r IN SELECT id FROM t WHERE id < 10 ORDER BY id LOOP
    BEGIN
      UPDATE t SET n = n + 1000 WHERE id = r.id;
      INSERT INTO t VALUES (r.id + 200, 'in the loop', 1);
      IF r.id % 2 = 0 THEN RAISE EXCEPTION 'undo'; END IF;
    EXCEPTION WHEN raise_exception THEN
      seen := seen || ' undone';
    END;
    seen := seen || ' ' || r.id;
  END LOOP;
  RETURN seen;
END $$;
SELECT compare.run(:q, $$SELECT compare.caught()$$);
SELECT compare.run(:q, :all);

-- A cursor shows what its snapshot saw.
BEGIN;
DECLARE c CURSOR FOR SELECT id, n FROM ktest00000_write.t WHERE id < 10 ORDER BY id;
FETCH 1 FROM c;
UPDATE ktest00000_write.t SET n = 1 WHERE id < 10;
DELETE FROM ktest00000_write.t WHERE id = 4;
FETCH ALL FROM c;
SELECT id, n FROM ktest00000_write.t WHERE id < 10 ORDER BY id;
ROLLBACK;

-- COPY with a condition.
COPY ktest00000_write.t (id, v, n) FROM stdin (FORMAT csv) WHERE n > 1;
900,copied,1
901,copied,2
\.
SELECT id, v, n FROM ktest00000_write.t WHERE id BETWEEN 900 AND 999;

-- COPY of a table as of an ordinary one: without a list of columns those that were declared.
CREATE TABLE ktest00000_write.c (id int PRIMARY KEY, v text, twice int GENERATED ALWAYS AS (id * 2) STORED) USING kalamdb;
COPY ktest00000_write.c FROM stdin;
1	one
\.
COPY ktest00000_write.c TO stdout;
COPY ktest00000_write.c TO stdout (FORMAT csv, HEADER, FORCE_QUOTE *);
COPY ktest00000_write.c (v, twice, id) TO stdout;
COPY ktest00000_write.c (nosuch) TO stdout;
COPY ktest00000_write.c (id, v, id) TO stdout;
COPY ktest00000_write.c FROM stdin (FORMAT csv, HEADER match);
id,v
2,two
\.
COPY ktest00000_write.c FROM stdin;
3	three	6
\.
SELECT id, v, twice FROM ktest00000_write.c ORDER BY id;
CREATE TABLE ktest00000_write.child (extra int) INHERITS (ktest00000_write.c);
INSERT INTO ktest00000_write.child (id) VALUES (9);
DELETE FROM ktest00000_write.c WHERE id = 2;
COPY ktest00000_write.c TO stdout;
CREATE ROLE ktest_copy;
GRANT USAGE ON SCHEMA ktest00000_write TO ktest_copy;
GRANT SELECT (id) ON ktest00000_write.c TO ktest_copy;
SET ROLE ktest_copy;
COPY ktest00000_write.c (id) TO stdout;
COPY ktest00000_write.c TO stdout;
\copy ktest00000_write.c from '/dev/null'
RESET ROLE;
DROP TABLE ktest00000_write.c, ktest00000_write.child;
DROP OWNED BY ktest_copy;
DROP ROLE ktest_copy;

-- ON CONFLICT (data/upserts.sql of the TAP tests has the rest).
INSERT INTO ktest00000_write.t VALUES (1, 'x', 1) ON CONFLICT DO NOTHING;
INSERT INTO ktest00000_write.t VALUES (1, 'x', 1) ON CONFLICT (id) DO NOTHING;
WITH w AS (INSERT INTO ktest00000_write.t VALUES (1, 'x', 1) ON CONFLICT (id) DO NOTHING RETURNING id) SELECT * FROM w;
EXPLAIN (COSTS OFF) INSERT INTO ktest00000_write.t VALUES (1, 'x', 1) ON CONFLICT DO NOTHING;
EXPLAIN (COSTS OFF) INSERT INTO ktest00000_write.t AS t VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET v = 'y' WHERE t.n < EXCLUDED.n;
INSERT INTO ktest00000_write.t VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET v = 'y' WHERE t.xmin IS NOT NULL;
INSERT INTO ktest00000_write.t VALUES (1, 'x', 1) ON CONFLICT (id) DO NOTHING RETURNING xmin;

-- Changes made by deferred triggers at commit are sent, too.
CREATE FUNCTION compare.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ktest00000_write.t VALUES (NEW.id + 950, 'late', 1);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON ktest00000_write.extra DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION compare.late();
INSERT INTO ktest00000_write.extra VALUES (4, 4);
SELECT id, v FROM ktest00000_write.t WHERE id = 954;

-- Rows that are routed to a partition, and move into it; they do not move out of it, as of no foreign table.
CREATE TABLE ktest00000_write.far (id int PRIMARY KEY, v text) USING kalamdb;
CREATE TABLE ktest00000_write.parted (id int NOT NULL, v text) PARTITION BY RANGE (id);
CREATE TABLE ktest00000_write.near PARTITION OF ktest00000_write.parted FOR VALUES FROM (0) TO (100);
ALTER TABLE ktest00000_write.parted ATTACH PARTITION ktest00000_write.far FOR VALUES FROM (100) TO (200);
INSERT INTO ktest00000_write.parted (id, v) VALUES (1, 'near'), (2, 'near'), (101, 'far');
COPY ktest00000_write.parted (id, v) FROM stdin (FORMAT csv);
3,near
103,far
\.
UPDATE ktest00000_write.parted SET id = id + 100 WHERE id = 2;
UPDATE ktest00000_write.parted SET v = v || '!' WHERE id IN (1, 101);
DELETE FROM ktest00000_write.parted WHERE id = 103 RETURNING tableoid::regclass, id, v;
UPDATE ktest00000_write.parted SET id = id - 100 WHERE id = 101;
SELECT tableoid::regclass, id, v FROM ktest00000_write.parted ORDER BY id;
-- Rows of the other partitions may be found by ctid here.
UPDATE ktest00000_write.extra SET t_id = 0 FROM ktest00000_write.parted p WHERE p.id = extra.id RETURNING p.tableoid::regclass, p.id;
DROP TABLE ktest00000_write.parted;

-- Rows have no ctid and the like, so nothing is found or told apart by them.
SELECT tableoid::regclass, id FROM ktest00000_write.t WHERE id = 1;
SELECT ctid FROM ktest00000_write.t;
SELECT id FROM ktest00000_write.t WHERE ctid = '(0,1)';
SELECT id FROM (SELECT xmin, id FROM ktest00000_write.t UNION ALL SELECT xmin, id FROM ktest00000_write.t) both_sides ORDER BY xmin::text;
DELETE FROM ktest00000_write.t a USING ktest00000_write.t b WHERE a.ctid < b.ctid AND a.v = b.v;
UPDATE ktest00000_write.t SET v = v WHERE id = 1 RETURNING ctid;
UPDATE ktest00000_write.t SET v = ctid::text;
INSERT INTO ktest00000_write.t VALUES (60, 'a', 1) RETURNING xmin;

DROP VIEW ktest00000_write.few;
DROP TABLE ktest00000_write.extra;
DROP FUNCTION compare.late, compare.caught, compare.before_row;
DROP TABLE ktest00000_write.t;
DROP SCHEMA ktest00000_write;
SET client_min_messages = warning;
DROP SCHEMA heap_write CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_write') IS NOT NULL AS cleaned_up;

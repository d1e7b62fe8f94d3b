-- KalamDB tables below a parent, beside ordinary tables: as children, as partitions, in views of several tables.
\set VERBOSITY default
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_parents;
CREATE SCHEMA heap_parents;
RESET client_min_messages;
SET search_path = ktest00000_parents;
CREATE TABLE heap_parents.par (id int, a int);
CREATE TABLE ch (id int PRIMARY KEY, a int) USING kalamdb;
ALTER TABLE ch INHERIT heap_parents.par;
SET search_path = ktest00000_parents, heap_parents;
INSERT INTO par VALUES (1, 1), (1, 1), (2, 2);
INSERT INTO ch (id, a) VALUES (3, 3), (4, 4), (5, 5);

-- No row of KalamDB is found or told apart by ctid: removals of duplicates, in every form.
DELETE FROM par a USING par b WHERE a.id = b.id AND a.tableoid = b.tableoid AND a.ctid < b.ctid;
DELETE FROM par WHERE ctid NOT IN (SELECT min(ctid) FROM par GROUP BY tableoid, id);
DELETE FROM par WHERE ctid = '(0,1)';
DELETE FROM par USING par b WHERE par.ctid = b.ctid;
DELETE FROM par WHERE ctid = ANY (ARRAY(SELECT ctid FROM par LIMIT 1));
UPDATE par SET a = 0 WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM par);
UPDATE par SET a = 0 FROM heap_parents.par p WHERE p.id = par.id AND p.ctid IS NOT DISTINCT FROM par.ctid;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM ONLY par;
FETCH c;
DELETE FROM par WHERE CURRENT OF c;
ROLLBACK;
-- Nor do they have one to show.
SELECT id, ctid FROM par;
SELECT id, xmin FROM par;
SELECT cmin, cmax, xmax FROM par;
SELECT id FROM par ORDER BY ctid;
SELECT count(*) FROM par GROUP BY ctid;
SELECT count(*) FROM par HAVING max(ctid) IS NULL;
SELECT row_number() OVER (ORDER BY ctid) FROM par;
SELECT p.id, l.c FROM par p, LATERAL (SELECT p.ctid AS c OFFSET 0) l;
SELECT (SELECT p.ctid) FROM par p;
SELECT id FROM par p WHERE EXISTS (SELECT 1 FROM pg_class WHERE p.ctid = '(0,1)' OFFSET 0);
SELECT coalesce(x.c, '(0,0)') FROM par LEFT JOIN (SELECT coalesce(ctid, '(1,1)') AS c, id FROM par) x ON x.id = par.id;
SELECT * FROM (SELECT ctid, id FROM par UNION ALL SELECT ctid, id FROM par) x;
UPDATE par SET a = a WHERE id = 3 RETURNING id, ctid;
UPDATE par SET a = a WHERE id = 3 RETURNING id, xmin;
DELETE FROM par WHERE id = 3 RETURNING ctid;
UPDATE ch SET a = a WHERE id = 3 RETURNING id, ctid;
-- What does not name it works: the planner's own use of it for rows of the ordinary tables, tableoid, whole rows.
SELECT id FROM (SELECT ctid, id FROM par UNION ALL SELECT ctid, id FROM par) x ORDER BY 1;
SELECT tableoid::regclass, ctid FROM ONLY par ORDER BY 2;
UPDATE par SET a = a + 10 WHERE id IN (2, 3) RETURNING tableoid::regclass, id, a, par;
UPDATE par SET a = par.a + 1 FROM par b WHERE par.id = b.id AND b.id IN (2, 4) RETURNING par.tableoid::regclass, par.id, par.a, b.tableoid::regclass, b;
DELETE FROM par WHERE id IN (2, 4) RETURNING tableoid::regclass, *;
SELECT id FROM par WHERE id IN (1, 3) ORDER BY id FOR UPDATE;
UPDATE heap_parents.par SET a = 0 FROM (SELECT id AS k FROM par) s WHERE s.k = par.id AND par.id = 5 RETURNING par.id, par.a;
SELECT tableoid::regclass, id, a FROM par ORDER BY 1, 2;

-- Partitions.
CREATE TABLE heap_parents.parted (id int NOT NULL, a int) PARTITION BY RANGE (id);
CREATE TABLE heap_parents.near PARTITION OF parted FOR VALUES FROM (0) TO (100);
SET search_path = ktest00000_parents;
CREATE FOREIGN TABLE far (id int NOT NULL, a int) SERVER kalam_server OPTIONS (namespace 'ktest00000_parents', "table" 'far');
SET search_path = ktest00000_parents, heap_parents;
ALTER TABLE parted ATTACH PARTITION far FOR VALUES FROM (100) TO (200);
INSERT INTO parted VALUES (1, 1), (101, 1) RETURNING ctid;
INSERT INTO parted VALUES (1, 1) RETURNING ctid;
INSERT INTO parted VALUES (2, 1), (101, 1), (102, 2) RETURNING tableoid::regclass, id;
UPDATE parted SET id = id + 100 WHERE id = 1 RETURNING ctid;
UPDATE parted SET a = 5 WHERE id = 101 RETURNING xmin;
UPDATE parted SET id = 103 WHERE id = 1 RETURNING tableoid::regclass, id;
DELETE FROM parted WHERE ctid IN (SELECT ctid FROM parted WHERE id = 101);
SELECT ctid FROM parted WHERE id = 2;
SELECT ctid FROM parted WHERE id = 101;
CREATE VIEW heap_parents.seen AS SELECT * FROM parted WHERE ctid > '(0,0)' WITH CHECK OPTION;
INSERT INTO seen VALUES (104, 1);
SELECT tableoid::regclass, id, a FROM parted ORDER BY 2;

-- Policies of a partitioned parent hold for rows of its KalamDB partitions, and a view's conditions.
ALTER TABLE parted ENABLE ROW LEVEL SECURITY;
CREATE ROLE regress_kalam_member;
CREATE POLICY low ON parted TO regress_kalam_member USING (id < 150) WITH CHECK (id < 150 AND a < 100);
CREATE POLICY no_ninety ON parted AS RESTRICTIVE FOR INSERT TO regress_kalam_member WITH CHECK (a <> 90);
GRANT USAGE ON SCHEMA heap_parents TO regress_kalam_member;
GRANT SELECT, INSERT, UPDATE, DELETE ON parted TO regress_kalam_member;
INSERT INTO parted VALUES (160, 0);
CREATE VIEW heap_parents.small AS SELECT * FROM parted WHERE a < 10 WITH CHECK OPTION;
INSERT INTO small VALUES (110, 10);
INSERT INTO small VALUES (110, 9);
UPDATE small SET a = 10 WHERE id = 110;
SET ROLE regress_kalam_member;
INSERT INTO parted VALUES (177, 1);
INSERT INTO parted VALUES (120, 1), (177, 1);
INSERT INTO parted SELECT 121, 100;
INSERT INTO parted VALUES (122, 90);
-- Before the constraints, so that they tell nothing of the row.
INSERT INTO parted VALUES (177, NULL);
INSERT INTO parted VALUES (123, 99) RETURNING id, a;
UPDATE parted SET a = 90 WHERE id = 123 RETURNING id, a;
UPDATE parted SET a = 100 WHERE id = 123;
UPDATE parted SET id = 151 WHERE id = 123;
UPDATE parted SET id = 151 WHERE id = 2;
UPDATE parted SET id = 124, a = 90 WHERE id = 2 RETURNING tableoid::regclass, id;
\copy parted FROM '/dev/null'
UPDATE parted SET a = 1 WHERE id = 160;
DELETE FROM parted WHERE id = 160;
SELECT id, a FROM parted WHERE id > 110 ORDER BY id;
-- Rows that a policy may hide are not locked.
SELECT id FROM parted WHERE id = 123 FOR UPDATE;
SELECT id FROM parted WHERE id = 123 FOR SHARE NOWAIT;
BEGIN;
SELECT id FROM parted WHERE id = 160 FOR UPDATE;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT id FROM parted WHERE id IN (123, 160) FOR UPDATE;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
COMMIT;
RESET ROLE;
SELECT id FROM parted WHERE id = 160 FOR UPDATE;
CREATE VIEW heap_parents.barrier WITH (security_barrier) AS SELECT * FROM far WHERE a < 10;
CREATE VIEW heap_parents.above AS SELECT * FROM (SELECT * FROM barrier OFFSET 0) b;
CREATE VIEW heap_parents.joined WITH (security_barrier) AS SELECT f.* FROM far f JOIN near n USING (a);
CREATE VIEW heap_parents.by_key WITH (security_barrier) AS SELECT * FROM far WHERE id = 160;
CREATE VIEW heap_parents.open AS SELECT * FROM far WHERE a < 10;
SELECT id FROM barrier WHERE id = 160 FOR UPDATE NOWAIT;
SELECT id FROM above WHERE id = 160 FOR SHARE SKIP LOCKED;
SELECT id FROM joined WHERE id = 160 FOR NO KEY UPDATE;
SELECT id FROM by_key FOR UPDATE;
SELECT id FROM open WHERE id = 160 FOR UPDATE;
SELECT barrier.id, n.id FROM barrier, near n WHERE barrier.id = 160 FOR UPDATE OF n;
SELECT far.id FROM far, barrier b WHERE far.id = 160 AND b.id = 160 FOR UPDATE OF far;
UPDATE barrier SET a = a + 1 WHERE id = 160 RETURNING id, a;
DELETE FROM barrier WHERE id = 160 RETURNING id, a;

SET client_min_messages = warning;
DROP TABLE parted CASCADE;
DROP TABLE par CASCADE;
DROP SCHEMA heap_parents CASCADE;
DROP ROLE regress_kalam_member;
RESET search_path;
DROP SCHEMA ktest00000_parents CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_parents') IS NOT NULL AS cleaned_up;

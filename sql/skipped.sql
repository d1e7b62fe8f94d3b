-- Indexes and constraints that KalamDB does not have: kalam.unsupported_ddl.
CREATE SCHEMA ktest00000_skipped;
SET search_path = ktest00000_skipped, public;
CREATE TABLE t (id bigint PRIMARY KEY, slug text, a int, "B" int) USING kalamdb;
CREATE TABLE plain (id int PRIMARY KEY, t bigint, v int);
INSERT INTO t VALUES (1, 'x', 1, 1);

-- error, the default
SHOW kalam.unsupported_ddl;
CREATE INDEX ON t (slug);
CREATE UNIQUE INDEX ON t (slug);
CREATE UNIQUE INDEX ON t ((id::int));
CREATE UNIQUE INDEX ON t (id) WHERE a > 0;
ALTER TABLE t ADD CONSTRAINT u UNIQUE (slug);
ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES plain;
ALTER TABLE t ADD EXCLUDE (a WITH =);
ALTER TABLE t ADD COLUMN c int UNIQUE;
ALTER TABLE plain ADD FOREIGN KEY (t) REFERENCES t;
CREATE TABLE bad (id int PRIMARY KEY, a int UNIQUE) USING kalamdb;
CREATE TABLE bad (id int PRIMARY KEY, a int REFERENCES plain) USING kalamdb;
CREATE TABLE bad (id int PRIMARY KEY, a int, UNIQUE (a)) USING kalamdb;
-- of the key alone, always
CREATE INDEX t_id ON t (id);
CREATE UNIQUE INDEX t_id2 ON t (id);
ALTER TABLE t ADD UNIQUE (id);
CREATE TABLE keyed (id int PRIMARY KEY UNIQUE, a int, UNIQUE (id)) USING kalamdb;
SELECT * FROM kalam_skipped_ddl() ORDER BY 1, 2, 3;
DROP INDEX t_id, t_id2;
DROP INDEX t_id;
DROP TABLE keyed;

-- notice
SET kalam.unsupported_ddl = notice;
CREATE INDEX t_slug ON t (slug);
CREATE INDEX t_slug ON t (slug);
CREATE INDEX IF NOT EXISTS t_slug ON t (slug);
CREATE INDEX ON t (slug, "B");
CREATE INDEX ON t (slug, "B");
CREATE INDEX ON t (lower(slug)) WHERE a > 0;
CREATE INDEX CONCURRENTLY "a,""b" ON t USING hash (a);
BEGIN;
CREATE INDEX CONCURRENTLY not_in_a_block ON t (a);
ROLLBACK;
CREATE UNIQUE INDEX ON t (slug);
ALTER TABLE t ADD UNIQUE (slug);
SELECT * FROM kalam_skipped_ddl() ORDER BY 1, 2, 3;
ALTER INDEX t_slug RENAME TO t_slug2;
ALTER INDEX t_slug2 RENAME TO "a,""b";
ALTER INDEX t_slug2 SET (fillfactor = 50);
ALTER INDEX t_slug SET (fillfactor = 50);
DROP INDEX t_slug;
DROP INDEX IF EXISTS t_slug;
CREATE INDEX plain_v ON plain (v);
DROP INDEX plain_v, t_slug2, CONCURRENTLY;
DROP INDEX ktest00000_skipped.plain_v, t_slug2;
DROP INDEX CONCURRENTLY "a,""b";
SELECT * FROM kalam_skipped_ddl() ORDER BY 1, 2, 3;
-- a real index of the name comes first
CREATE INDEX "t_slug_B_idx" ON plain (v);
DROP INDEX "t_slug_B_idx";
SELECT name FROM kalam_skipped_ddl() ORDER BY 1;
-- rolled back
BEGIN;
CREATE INDEX t_a ON t (a);
DROP INDEX t_lower_idx, "t_slug_B_idx";
ROLLBACK;
SELECT name FROM kalam_skipped_ddl() ORDER BY 1;
-- rights
CREATE ROLE ktest_skipped;
GRANT USAGE, CREATE ON SCHEMA ktest00000_skipped TO ktest_skipped;
SET ROLE ktest_skipped;
CREATE INDEX ON t (slug);
DROP INDEX "t_slug_B_idx";
ALTER INDEX "t_slug_B_idx" RENAME TO other;
ALTER INDEX "t_slug_B_idx" SET (fillfactor = 50);
RESET ROLE;

-- notice, ignore_constraints
SET kalam.unsupported_ddl = 'notice, ignore_constraints';
CREATE UNIQUE INDEX t_unique ON t (slug);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (slug), ADD FOREIGN KEY (a) REFERENCES plain, ADD CHECK (a > 0);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (slug);
ALTER TABLE t ADD COLUMN c int UNIQUE REFERENCES plain;
INSERT INTO t VALUES (2, 'x', 1, 1, 5), (3, 'x', 1, 1, 5);
SELECT count(*) FROM t;
SELECT * FROM kalam_skipped_ddl() ORDER BY 1, 2, 3;
SET kalam.unsupported_ddl = error;
ALTER TABLE t DROP CONSTRAINT u, DROP CONSTRAINT t_a_check;
ALTER TABLE t DROP CONSTRAINT u;
ALTER TABLE t DROP CONSTRAINT IF EXISTS t_a_fkey, VALIDATE CONSTRAINT t_c_fkey;
SET kalam.unsupported_ddl = 'notice, ignore_constraints';
CREATE TABLE made (id int PRIMARY KEY, a int UNIQUE REFERENCES plain, b int, CONSTRAINT pair UNIQUE (a, b), FOREIGN KEY (b) REFERENCES plain (id)) USING kalamdb;
SELECT * FROM kalam_skipped_ddl() ORDER BY 1, 2, 3;
-- foreign keys to KalamDB tables
CREATE TABLE refers (id int, t bigint REFERENCES t, FOREIGN KEY (t) REFERENCES t (id), p int REFERENCES plain);
ALTER TABLE plain ADD FOREIGN KEY (t) REFERENCES t, ADD COLUMN other bigint REFERENCES t;
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'ktest00000_skipped'::regnamespace;
-- options that somebody wrote by hand
ALTER FOREIGN TABLE t OPTIONS (SET skipped_indexes '{');
ALTER FOREIGN TABLE t OPTIONS (SET skipped_indexes '{x,NULL,x}');
DROP INDEX x;
SELECT * FROM kalam_skipped_ddl() ORDER BY 1, 2, 3;

RESET kalam.unsupported_ddl;
SET client_min_messages = warning;
DROP SCHEMA ktest00000_skipped CASCADE;
DROP ROLE ktest_skipped;

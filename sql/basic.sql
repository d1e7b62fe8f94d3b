-- Reading and writing a shared table, statement by statement.
\getenv abs_srcdir PG_ABS_SRCDIR
\set compare :abs_srcdir '/sql/include/compare.psql'
\i :compare
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_basic;
CREATE SCHEMA heap_basic;
RESET client_min_messages;

CREATE TABLE ktest00000_basic.items (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  price numeric(10,2),
  made timestamptz DEFAULT '2024-02-29 12:00+00',
  tags jsonb
) USING kalamdb;
CREATE TABLE heap_basic.items (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  price numeric(10,2),
  made timestamptz DEFAULT '2024-02-29 12:00+00',
  tags jsonb
);

SET search_path = ktest00000_basic;
SET timezone = 'UTC';
SELECT * FROM items;
INSERT INTO items (id, name, price) VALUES (1, 'one', 1.10), (2, 'two', NULL);
SELECT id, name, price, made, tags FROM items ORDER BY id;
SELECT count(*) FROM items;
INSERT INTO heap_basic.items (id, name, price) VALUES (1, 'one', 1.10), (2, 'two', NULL);
RESET search_path;

\set q '''ktest00000_basic'''
SELECT compare.run(:q, $$INSERT INTO items (id, name, price, tags) SELECT i, 'row ' || i, i * 1.5, jsonb_build_object('i', i) FROM generate_series(3, 50) i$$);
SELECT compare.run(:q, $$SELECT id, name, price, made, tags FROM items$$);
SELECT compare.run(:q, $$SELECT name FROM items WHERE id = 7$$);
SELECT compare.run(:q, $$SELECT id FROM items WHERE name = 'row 9'$$);
SELECT compare.run(:q, $$SELECT sum(price), count(tags), min(made) FROM items WHERE id BETWEEN 5 AND 20$$);
SELECT compare.run(:q, $$UPDATE items SET price = price + 1 WHERE id <= 5$$);
SELECT compare.run(:q, $$UPDATE items SET name = upper(name), tags = NULL WHERE id = 6 RETURNING id, name, price, tags$$);
SELECT compare.run(:q, $$UPDATE items SET price = 0 WHERE id = 4711$$);
SELECT compare.run(:q, $$DELETE FROM items WHERE id = 1$$);
SELECT compare.run(:q, $$DELETE FROM items WHERE price > 60 RETURNING id, price$$);
SELECT compare.run(:q, $$INSERT INTO items (id, name) VALUES (1, 'again') RETURNING id, name, price, made$$);
SELECT compare.run(:q, $$UPDATE items SET id = id + 1000 WHERE id IN (2, 3) RETURNING id, name$$);
SELECT compare.run(:q, $$SELECT id, name, price, made, tags FROM items$$);
-- Rows of another table decide.
SELECT compare.run(:q, $$UPDATE items SET name = v.n FROM (VALUES (4, 'four'), (5, 'five'), (4, 'FOUR')) v(i, n) WHERE id = v.i AND v.n <> 'FOUR' RETURNING id, name$$);
SELECT compare.run(:q, $$DELETE FROM items USING generate_series(10, 12) g WHERE id = g RETURNING id$$);
-- Two changes of one row by one command: the second is skipped.
SELECT compare.run(:q, $$UPDATE items SET price = coalesce(price, 0) + 1 FROM (VALUES (1), (2)) v(i) WHERE id = 4$$);
SELECT compare.run(:q, $$SELECT id, name, price, made, tags FROM items$$);
-- Constraints.
SELECT compare.run(:q, $$INSERT INTO items VALUES (100, NULL)$$);
SELECT compare.run(:q, $$UPDATE items SET name = NULL WHERE id = 4$$);
SELECT compare.run(:q, $$INSERT INTO items (id, name) VALUES (NULL, 'x')$$);
SELECT compare.run(:q, $$INSERT INTO items (id, name) VALUES (200, 'a'), (200, 'b')$$);
SELECT compare.run(:q, $$INSERT INTO items (id, name, price) VALUES (201, 'a', 123456789.00)$$);

-- A view, a CTE that changes rows, a subquery, a lateral join.
CREATE VIEW ktest00000_basic.cheap AS SELECT id, name, price FROM ktest00000_basic.items WHERE price < 10 WITH CHECK OPTION;
CREATE VIEW heap_basic.cheap AS SELECT id, name, price FROM heap_basic.items WHERE price < 10 WITH CHECK OPTION;
SELECT compare.run(:q, $$INSERT INTO cheap VALUES (300, 'c', 5) RETURNING *$$);
SELECT compare.run(:q, $$INSERT INTO cheap VALUES (301, 'c', 50)$$);
SELECT compare.run(:q, $$UPDATE cheap SET price = 9 WHERE id = 300 RETURNING *$$);
SELECT compare.run(:q, $$SELECT id FROM items WHERE id IN (SELECT id + 1 FROM cheap)$$);
SELECT compare.run(:q, $$SELECT a.id, b.id FROM items a, LATERAL (SELECT id FROM items b WHERE b.id = a.id + 1) b$$);

-- COPY in and out.
COPY ktest00000_basic.items (id, name, price) FROM stdin;
400	copied	4.00
401	\N	4.01
\.
COPY ktest00000_basic.items (id, name, price) FROM stdin;
400	copied	4.00
401	copied too	\N
\.
COPY (SELECT id, name, price FROM ktest00000_basic.items WHERE id >= 400 ORDER BY id) TO stdout;

-- Triggers see and change what is written.
CREATE FUNCTION ktest00000_basic.shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE WARNING 'deleted %', OLD.id; RETURN OLD; END IF;
  NEW.name := upper(NEW.name);
  RETURN NEW;
END $$;
CREATE FUNCTION ktest00000_basic.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% % -> %', TG_OP, CASE WHEN TG_OP <> 'INSERT' THEN OLD.name END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.name END;
  RETURN NULL;
END $$;
CREATE TRIGGER shout BEFORE INSERT OR UPDATE OR DELETE ON ktest00000_basic.items
  FOR EACH ROW EXECUTE FUNCTION ktest00000_basic.shout();
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON ktest00000_basic.items
  FOR EACH ROW EXECUTE FUNCTION ktest00000_basic.tell();
INSERT INTO ktest00000_basic.items (id, name) VALUES (500, 'quiet') RETURNING id, name;
UPDATE ktest00000_basic.items SET name = 'still quiet' WHERE id = 500 RETURNING name;
DELETE FROM ktest00000_basic.items WHERE id = 500 RETURNING id, name;
DROP TRIGGER shout ON ktest00000_basic.items;
DROP TRIGGER tell ON ktest00000_basic.items;

-- Rows that are there already.
SELECT compare.run(:q, $$INSERT INTO items (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING$$);
SELECT compare.run(:q, $$INSERT INTO items (id, name) VALUES (1, 'x'), (301, 'd') ON CONFLICT (id) DO UPDATE SET name = 'y' RETURNING id, name$$);

-- REPEATABLE READ reads. Changes, and SERIALIZABLE, are not supported.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) > 0 FROM ktest00000_basic.items;
DELETE FROM ktest00000_basic.items;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM ktest00000_basic.items;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
DELETE FROM ktest00000_basic.items;
ROLLBACK;
SELECT compare.run(:q, $$SELECT id, name, price, made FROM items WHERE id < 400$$);

DROP VIEW ktest00000_basic.cheap;
DROP FUNCTION ktest00000_basic.shout(), ktest00000_basic.tell();
DROP TABLE ktest00000_basic.items;
DROP SCHEMA ktest00000_basic;
SET client_min_messages = warning;
DROP SCHEMA heap_basic CASCADE;
SELECT kalam_exec('DROP NAMESPACE IF EXISTS ktest00000_basic') IS NOT NULL AS cleaned_up;

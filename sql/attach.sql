-- CREATE FOREIGN TABLE for a KalamDB table that is there: what does not fit is refused, line by line.
CREATE SCHEMA ktest00000_attach;
SET search_path = ktest00000_attach, public;
SELECT kalam_exec('CREATE NAMESPACE ktest00000_attach') IS NOT NULL AS made;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_attach.r (a TEXT, k BIGINT PRIMARY KEY, n INT NOT NULL, b BOOLEAN, s SMALLINT, f FLOAT, d DOUBLE, '
  'num DECIMAL(10, 2), j JSON, y BYTES, ts TIMESTAMP, dt DATETIME, da DATE, ti TIME, u UUID, e EMBEDDING(3))') IS NOT NULL AS made;

-- every column at once
CREATE FOREIGN TABLE bad (a date, k bigint, x int) SERVER kalam_server OPTIONS (table 'r');
CREATE FOREIGN TABLE bad (a bytea, k bigint) SERVER kalam_server OPTIONS (table 'r');
CREATE FOREIGN TABLE r (a int, k text, n boolean, b text, s real, f float8, d real, num int, j text, y text,
  ts date, dt text, da timestamp, ti interval, u text, e float8[]) SERVER kalam_server;
-- NOT NULL and key
CREATE FOREIGN TABLE r (a text NOT NULL, k bigint) SERVER kalam_server;
CREATE FOREIGN TABLE r (a text PRIMARY KEY, k bigint) SERVER kalam_server;
CREATE FOREIGN TABLE r (k bigint, n int, PRIMARY KEY (n)) SERVER kalam_server;
-- kind
CREATE FOREIGN TABLE r (k bigint) SERVER kalam_server OPTIONS (table_type 'stream', ttl_seconds '5');
SELECT relname FROM pg_class WHERE relname IN ('r', 'bad') AND relkind = 'f';

-- what is harmless
CREATE DOMAIN word AS text CHECK (VALUE <> 'bad');
CREATE FOREIGN TABLE r (n int, "K" bigint PRIMARY KEY, a varchar(10), s int, b boolean, f real, d float8, num numeric, j jsonb, y bytea,
  ts timestamp, dt timestamptz, da date, ti time, u uuid, e real[], _seq bigint) SERVER kalam_server;
INSERT INTO r (n, "K", a, e) VALUES (1, 7, 'seven', '{1,2,3}');
INSERT INTO r ("K") VALUES (8);
SELECT n, "K", a, e FROM r WHERE "K" = 7;
CREATE FOREIGN TABLE r2 (k bigint, a word, num numeric(4,2)) SERVER kalam_server OPTIONS (table 'R', namespace 'KTEST00000_attach');
SELECT k, a FROM r2;
SELECT k FROM r2 WHERE k = 7;
INSERT INTO r2 VALUES (9, 'nine');
-- a value that the type here cannot hold is an error, and no other value
SELECT kalam_exec('UPDATE ktest00000_attach.r SET a = ''longer than ten'' WHERE k = 7') IS NOT NULL AS updated;
SELECT a FROM r;
DROP FOREIGN TABLE r, r2;

-- nothing was dropped with them
SELECT kalam_exec('SELECT k, a FROM ktest00000_attach.r LIMIT 5');
DROP SCHEMA ktest00000_attach CASCADE;
SELECT kalam_exec('DROP NAMESPACE ktest00000_attach CASCADE') IS NOT NULL AS cleaned_up;

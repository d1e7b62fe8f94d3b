-- IMPORT FOREIGN SCHEMA: a foreign table for each table of a namespace.
SET client_min_messages = warning;
CREATE SCHEMA ktest00000_import;
CREATE SCHEMA local_import;
RESET client_min_messages;
SELECT kalam_exec('CREATE NAMESPACE ktest00000_import') IS NOT NULL AS created;
SELECT count(*) FROM (VALUES
  ('CREATE SHARED TABLE ktest00000_import.s (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), b BOOLEAN, i2 SMALLINT, i4 INT NOT NULL, f4 FLOAT, f8 DOUBLE, n DECIMAL(10,2), t TEXT NOT NULL, j JSON, y BYTES, d DATE, ti TIME, ts TIMESTAMP, tz DATETIME, u UUID, e EMBEDDING(3), f FILE)'),
  ('CREATE USER TABLE ktest00000_import.u (id INT PRIMARY KEY, v TEXT)'),
  ('CREATE STREAM TABLE ktest00000_import.st (kind TEXT, v INT) WITH (TTL_SECONDS = 3600)'),
  ('CREATE SHARED TABLE ktest00000_import.l234567890123456789012345678901234567890123456789012345678901234 (id INT PRIMARY KEY, c234567890123456789012345678901234567890123456789012345678901234 TEXT)')
) v(s), LATERAL kalam_exec(v.s);

IMPORT FOREIGN SCHEMA ktest00000_import LIMIT TO (s, u) FROM SERVER kalam_server INTO local_import;
\d local_import.s
\d local_import.u
INSERT INTO local_import.s (id, i4, t, n) VALUES (1, 2, 'x', 1.5);
SELECT id, i4, t, n FROM local_import.s;

-- The rest, without NOT NULL. PostgreSQL cuts names off that are longer than its own.
IMPORT FOREIGN SCHEMA ktest00000_IMPORT EXCEPT (s, u) FROM SERVER kalam_server INTO local_import OPTIONS (import_not_null 'false');
SELECT relname, attname, attnotnull FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid WHERE relnamespace = 'local_import'::regnamespace AND attnum > 0 AND relname NOT IN ('s', 'u') AND attname NOT LIKE '\_%' ORDER BY relname, attnum;
INSERT INTO local_import.l23456789012345678901234567890123456789012345678901234567890123 VALUES (1, 'long');
SELECT id, c23456789012345678901234567890123456789012345678901234567890123 FROM local_import.l23456789012345678901234567890123456789012345678901234567890123 WHERE id = 1;

-- Dropping what was imported drops nothing there.
DROP FOREIGN TABLE local_import.s;
IMPORT FOREIGN SCHEMA ktest00000_import LIMIT TO (s) FROM SERVER kalam_server INTO local_import;
SELECT count(*) FROM local_import.s;

IMPORT FOREIGN SCHEMA ktest00000_import LIMIT TO (s) FROM SERVER kalam_server INTO local_import;
IMPORT FOREIGN SCHEMA ktest00000_nowhere FROM SERVER kalam_server INTO local_import;
IMPORT FOREIGN SCHEMA "a'b" FROM SERVER kalam_server INTO local_import;
IMPORT FOREIGN SCHEMA ktest00000_import FROM SERVER kalam_server INTO local_import OPTIONS (import_default 'true');
SELECT count(*) FROM pg_class WHERE relnamespace = 'local_import'::regnamespace;

SET client_min_messages = warning;
DROP SCHEMA local_import CASCADE;
DROP SCHEMA ktest00000_import;
SELECT kalam_exec('DROP NAMESPACE ktest00000_import CASCADE') IS NOT NULL AS cleaned_up;

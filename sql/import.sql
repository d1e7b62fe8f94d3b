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
IMPORT FOREIGN SCHEMA ktest00000_import FROM SERVER kalam_server INTO local_import OPTIONS (import_defaults 'true');
SELECT count(*) FROM pg_class WHERE relnamespace = 'local_import'::regnamespace;

-- Defaults, for who asks: literals, the time and ids. What is not the same in both is left out, with a NOTICE.
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_import.defaults (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), t TEXT DEFAULT ''it''''s "a" \b'', f TEXT DEFAULT lower(''ABC''), i INT DEFAULT 5, n INT NOT NULL DEFAULT -7, big BIGINT DEFAULT 9007199254740993, d DOUBLE DEFAULT 1.5, p DECIMAL(10,2) DEFAULT 1.25, b BOOLEAN DEFAULT true, j JSON DEFAULT ''{"a": 1}'', bad_j JSON DEFAULT ''{'', da DATE DEFAULT ''2024-02-29'', bad_da DATE DEFAULT ''2024-02-30'', today DATE DEFAULT CURRENT_DATE, made DATETIME DEFAULT NOW(), seen TIMESTAMP DEFAULT NOW(), fixed TIMESTAMP DEFAULT ''2024-01-02 03:04:05.5'', u UUID DEFAULT UUID_V7(), ul TEXT DEFAULT ULID(), who TEXT DEFAULT CURRENT_USER, none TEXT DEFAULT NULL)') IS NOT NULL AS created;
CREATE SCHEMA ktest00000_import_defaults;
IMPORT FOREIGN SCHEMA ktest00000_import LIMIT TO (defaults) FROM SERVER kalam_server INTO ktest00000_import_defaults OPTIONS (import_default 'true');
SET search_path = ktest00000_import_defaults, public;
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = 'defaults'::regclass AND a.attnum > 0 ORDER BY a.attnum;
SET timezone = 'Asia/Tokyo';
INSERT INTO defaults (t, who) VALUES (DEFAULT, 'named, as CURRENT_USER cannot be evaluated here');
SELECT id > 0 AS id, t, f, i, n, big, d, p, b, j, da, made > now() - interval '1 hour' AS made, seen BETWEEN ((now() - interval '1 hour') AT TIME ZONE 'UTC') AND (now() AT TIME ZONE 'UTC') AS seen, fixed, none FROM defaults;
RESET timezone;
CREATE SCHEMA ktest00000_import_plain;
IMPORT FOREIGN SCHEMA ktest00000_import LIMIT TO (defaluts, defaults) FROM SERVER kalam_server INTO ktest00000_import_plain;
SELECT count(*) FROM pg_attrdef WHERE adrelid = 'ktest00000_import_plain.defaults'::regclass;
RESET search_path;

-- KalamDB's own columns, tables that are there, and several namespaces at once.
SELECT kalam_exec('CREATE NAMESPACE ktest00000_import_more') IS NOT NULL AS created;
SELECT count(*) FROM (VALUES
  ('CREATE SHARED TABLE ktest00000_import_more.other (id INT PRIMARY KEY)'), ('CREATE USER TABLE ktest00000_import_more.mine (id INT PRIMARY KEY)')
) v(s), LATERAL kalam_exec(v.s);
CREATE SCHEMA ktest00000_import_all;
IMPORT FOREIGN SCHEMA ktest00000_import_more FROM SERVER kalam_server INTO ktest00000_import_all OPTIONS (import_system_columns 'user');
SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid WHERE relnamespace = 'ktest00000_import_all'::regnamespace AND attnum > 0 ORDER BY relname, attnum;
IMPORT FOREIGN SCHEMA ktest00000_import_more FROM SERVER kalam_server INTO ktest00000_import_all;
IMPORT FOREIGN SCHEMA ktest00000_import_more FROM SERVER kalam_server INTO ktest00000_import_all OPTIONS (import_if_not_exists 'true');
DROP FOREIGN TABLE ktest00000_import_all.other, ktest00000_import_all.mine;
IMPORT FOREIGN SCHEMA ktest00000_import_more EXCEPT (l234567890123456789012345678901234567890123456789012345678901234) FROM SERVER kalam_server INTO ktest00000_import_all OPTIONS (import_system_columns 'ALL', namespace_pattern 'ktest00000\_import%');
SELECT relname, string_agg(attname, ' ' ORDER BY attnum) FILTER (WHERE attname LIKE '\_%') AS own FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid WHERE relnamespace = 'ktest00000_import_all'::regnamespace AND attnum > 0 GROUP BY 1 ORDER BY 1;
SELECT kalam_exec('CREATE SHARED TABLE ktest00000_import_more.s (id INT PRIMARY KEY)') IS NOT NULL AS created;
IMPORT FOREIGN SCHEMA ktest00000_import_more LIMIT TO (s) FROM SERVER kalam_server INTO ktest00000_import_all OPTIONS (namespace_pattern 'ktest00000\_import%');
IMPORT FOREIGN SCHEMA ktest00000_import_more FROM SERVER kalam_server INTO ktest00000_import_all OPTIONS (import_system_columns 'some');
SET client_min_messages = warning;
DROP SCHEMA ktest00000_import_all CASCADE;
SELECT kalam_exec('DROP NAMESPACE ktest00000_import_more CASCADE') IS NOT NULL AS cleaned_up;
DROP SCHEMA ktest00000_import_plain CASCADE;
DROP SCHEMA ktest00000_import_defaults CASCADE;
RESET client_min_messages;

SET client_min_messages = warning;
DROP SCHEMA local_import CASCADE;
DROP SCHEMA ktest00000_import;
SELECT kalam_exec('DROP NAMESPACE ktest00000_import CASCADE') IS NOT NULL AS cleaned_up;

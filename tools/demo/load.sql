-- Shared tables: one copy for everybody, filled with the ISO codes that Debian's package iso-codes ships.
-- Environment: ISO_CODES, the folder of the package's files.
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
SET client_min_messages = warning;

CREATE SCHEMA geo;
CREATE TABLE geo.countries (code text PRIMARY KEY, code3 text NOT NULL, name text NOT NULL, official_name text, flag text)
  USING kalamdb WITH (type = 'shared');
CREATE TABLE geo.subdivisions (code text PRIMARY KEY, country text NOT NULL, name text NOT NULL, kind text NOT NULL)
  USING kalamdb WITH (type = 'shared');
CREATE TABLE geo.languages (code text PRIMARY KEY, name text NOT NULL, living boolean NOT NULL)
  USING kalamdb WITH (type = 'shared');
CREATE TABLE geo.currencies (code text PRIMARY KEY, number smallint NOT NULL, name text NOT NULL)
  USING kalamdb WITH (type = 'shared');

\set content `cat "$ISO_CODES"/iso_3166-1.json`
INSERT INTO geo.countries
SELECT alpha_2, alpha_3, coalesce(common_name, name), official_name, flag
FROM jsonb_to_recordset(:'content'::jsonb -> '3166-1')
  AS (alpha_2 text, alpha_3 text, name text, common_name text, official_name text, flag text);

\set content `cat "$ISO_CODES"/iso_3166-2.json`
INSERT INTO geo.subdivisions
SELECT code, split_part(code, '-', 1), name, type
FROM jsonb_to_recordset(:'content'::jsonb -> '3166-2') AS (code text, name text, type text);

\set content `cat "$ISO_CODES"/iso_639-3.json`
INSERT INTO geo.languages
SELECT alpha_3, name, type = 'L'
FROM jsonb_to_recordset(:'content'::jsonb -> '639-3') AS (alpha_3 text, name text, type text);

\set content `cat "$ISO_CODES"/iso_4217.json`
INSERT INTO geo.currencies
SELECT alpha_3, numeric::smallint, name
FROM jsonb_to_recordset(:'content'::jsonb -> '4217') AS (alpha_3 text, numeric text, name text);
\unset content

-- A user table: every user has rows of their own in it, and sees no others.
CREATE TABLE geo.visits (id bigint PRIMARY KEY, country text NOT NULL, day date NOT NULL, note text)
  USING kalamdb WITH (type = 'user');

SET kalam.user_id = 'alice';
INSERT INTO geo.visits VALUES
  (1, 'IS', '2026-02-11', 'northern lights'),
  (2, 'JP', '2026-04-02', 'cherry blossom'),
  (3, 'PT', '2026-06-20', NULL);

SET kalam.user_id = 'bob';
INSERT INTO geo.visits VALUES
  (1, 'CH', '2026-01-05', 'skiing'),
  (2, 'JP', '2026-09-14', 'Kyoto by train');
RESET kalam.user_id;

-- An ordinary table of PostgreSQL, to be joined with the others.
CREATE TABLE daily_costs (country text PRIMARY KEY, currency text NOT NULL, amount numeric(10,2) NOT NULL);
INSERT INTO daily_costs VALUES
  ('CH', 'CHF', 145), ('IS', 'ISK', 21500), ('JP', 'JPY', 14000), ('PT', 'EUR', 85);
ANALYZE daily_costs;

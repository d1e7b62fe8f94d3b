-- What was loaded by load.sql, looked at as a person would.
\set ON_ERROR_STOP on
\pset footer off
\pset null '-'

\echo '== Four shared tables in KalamDB'
SELECT 'countries' AS "table", count(*) AS rows FROM geo.countries
UNION ALL SELECT 'subdivisions', count(*) FROM geo.subdivisions
UNION ALL SELECT 'languages', count(*) FROM geo.languages
UNION ALL SELECT 'currencies', count(*) FROM geo.currencies;

\echo '== One row by its key (a lookup, not a scan)'
SELECT code, flag, name, official_name FROM geo.countries WHERE code = 'IS';

\echo '== Two of them joined: the countries with the most subdivisions'
SELECT c.flag, c.name, count(*) AS subdivisions, count(DISTINCT s.kind) AS kinds
FROM geo.countries c JOIN geo.subdivisions s ON s.country = c.code
GROUP BY c.code, c.flag, c.name
ORDER BY subdivisions DESC, c.name
LIMIT 5;

\echo '== Alice: her visits (user table), with countries and currencies (shared) and daily_costs (local)'
SET kalam.user_id = 'alice';
SELECT v.day, c.flag, c.name AS country, v.note, d.amount || ' ' || d.currency AS "cost of a day", m.name AS currency
FROM geo.visits v
JOIN geo.countries c ON c.code = v.country
LEFT JOIN daily_costs d ON d.country = v.country
LEFT JOIN geo.currencies m ON m.code = d.currency
ORDER BY v.day;

\echo '== Bob: the same query, his rows'
SET kalam.user_id = 'bob';
SELECT v.day, c.flag, c.name AS country, v.note, d.amount || ' ' || d.currency AS "cost of a day", m.name AS currency
FROM geo.visits v
JOIN geo.countries c ON c.code = v.country
LEFT JOIN daily_costs d ON d.country = v.country
LEFT JOIN geo.currencies m ON m.code = d.currency
ORDER BY v.day;

\echo '== Bob changes his row 2; Alice has a row 2 of her own'
UPDATE geo.visits SET note = 'Kyoto and Nara by train' WHERE id = 2 RETURNING id, country, note;
SET kalam.user_id = 'alice';
SELECT id, country, note FROM geo.visits WHERE id = 2;

\echo '== Nobody: without an identity there is nothing to see'
RESET kalam.user_id;
\set ON_ERROR_STOP off
SELECT * FROM geo.visits;

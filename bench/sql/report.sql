-- The table. Ratios: this system's median divided by pg_kalam's, above 1 where pg_kalam is faster.
\pset footer off
WITH medians AS (
  SELECT min(place) AS place, work, unit, system, min(wall) AS least, max(wall) AS most,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY wall) AS wall, percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) AS cpu
  FROM bench.result GROUP BY work, unit, system
)
SELECT m.work || ', per ' || m.unit AS work, m.system AS by, round(m.least::numeric, 3) AS "min µs",
       round(m.wall::numeric, 3) AS median, round(m.most::numeric, 3) AS max, round((m.wall / k.wall)::numeric, 2) AS ratio,
       round(m.cpu::numeric, 3) AS "CPU µs", round((m.cpu / nullif(k.cpu, 0))::numeric, 2) AS "CPU ratio"
FROM medians m
LEFT JOIN LATERAL (SELECT * FROM medians k WHERE k.work = m.work AND k.system LIKE 'pg_kalam%' ORDER BY place LIMIT 1) k ON true
ORDER BY min(m.place) OVER (PARTITION BY m.work), m.place;
\echo 'ratio: median divided by that of the work''s first pg_kalam line; CPU: user and system time of the backend'
\echo '(of postgres_fdw without its remote backend, of "client alone" the whole process)'

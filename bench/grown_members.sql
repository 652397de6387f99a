-- Made-up movies known to five sources each, from real records: every source's own labels, names, lists and ratings, under
-- a title and a year that the sources of a movie mostly agree on. In: real_members, wanted (films). Out: movie, RECORD columns.

WITH numbered AS (
  SELECT *, row_number() OVER (PARTITION BY source ORDER BY key) - 1 AS nth, count(*) OVER (PARTITION BY source) AS records
  FROM real_members),
films AS (SELECT unnest(range((SELECT films FROM wanted))) AS movie),
named AS (SELECT nth, title, year, runtime FROM numbered WHERE source = 'imdb'),
listed AS (SELECT source, any_value(records) AS records FROM numbered GROUP BY source),
placed AS (
  SELECT f.movie, l.source, hash(f.movie, l.source) AS luck, (f.movie * 7919) % l.records AS nth,
         (f.movie * 31) % (SELECT max(nth) + 1 FROM named) AS at
  FROM films f CROSS JOIN listed l)
SELECT p.movie, n.* EXCLUDE (movie, nth, records) REPLACE (
  p.movie::VARCHAR AS key,
  concat(t.title, ' ', p.movie % 1000, CASE WHEN p.luck % 50 = 0 THEN ' II' ELSE '' END) AS title,
  (coalesce(t.year, 2000) + CASE WHEN p.luck % 40 = 0 THEN 1 ELSE 0 END)::INT AS year,
  CASE WHEN n.runtime IS NOT NULL THEN (coalesce(t.runtime, 90) + p.luck % 3)::INT END AS runtime,
  MAP {'imdb': concat('tt', p.movie)} AS ids)
FROM placed p
JOIN numbered n ON n.source = p.source AND n.nth = p.nth
JOIN named t ON t.nth = p.at

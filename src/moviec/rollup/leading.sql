-- Of every year the first and the last {places} genres and companies by each measure that `totals` hold: place counts from
-- the largest value, unknown last, `upward` from the smallest one. Portable: DuckDB and Spark take it verbatim.
WITH valued AS (
  SELECT kind, split, year, entry, films, measures.measure AS measure,
    CASE measures.measure {values} END AS value
  FROM totals CROSS JOIN measures WHERE month = 0
),
placed AS (
  SELECT kind, split, year, measure, entry,
    row_number() OVER (
      PARTITION BY kind, split, year, measure
      ORDER BY CASE WHEN value IS NULL THEN 1 ELSE 0 END, value DESC, films DESC, entry) AS place,
    count(*) OVER (PARTITION BY kind, split, year, measure) AS entries,
    count(value) OVER (PARTITION BY kind, split, year, measure) AS valued
  FROM valued
)
SELECT kind, split, CAST(year AS BIGINT) AS year, measure, entries, valued, entry, place, valued - place AS upward
FROM placed
WHERE place <= {places} OR (place <= valued AND valued - place < {places})
ORDER BY kind, split, year, measure, place

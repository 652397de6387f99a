-- name: by_film
-- Mean, median and maximum of an amount by genre or company, over the films that the rollups of a span of years name.
-- {each} takes a JSON list apart, as the database does it; {amount} is the amount of a film (m.).
WITH named AS (
  SELECT r.entry, CAST(film.value AS INTEGER) AS movie
  FROM rollups r, {each}
  WHERE r.kind = :kind AND r.split = :split AND r.year BETWEEN :first AND :last AND r.month = :month
),
placed AS (
  SELECT named.entry, {amount} AS amount,
         row_number() OVER (PARTITION BY named.entry ORDER BY {amount}) AS place,
         count(*) OVER (PARTITION BY named.entry) AS known
  FROM named JOIN movies m ON m.movie = named.movie
  WHERE {amount} IS NOT NULL
)
SELECT entry, max(known) AS known, avg(amount) AS mean, max(amount) AS max,
       avg(CASE WHEN place IN ((known + 1) / 2, (known + 2) / 2) THEN amount END) AS median
FROM placed GROUP BY entry

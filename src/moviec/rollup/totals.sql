-- Films of the catalogue summed by genre or company, year and month; month 0 is the whole year, with the films whose
-- month is unknown. Tables: `film` (movie, year, month, amounts), `entry` (kind, entry, movie, place), `splits` (split,
-- even). An even part is the difference of two floors, so that the parts of a film add up to the film.
-- Portable: DuckDB and Spark take it verbatim.
WITH placed AS (
  SELECT kind, entry, movie,
         row_number() OVER (PARTITION BY kind, movie ORDER BY place, entry) AS position,
         count(*) OVER (PARTITION BY kind, movie) AS members
  FROM entry
),
parts AS (
  SELECT
    p.kind, s.split, p.entry, f.movie, f.year, f.month, f.popularity, f.c_rating,
    CASE WHEN s.even THEN floor(f.budget * p.position / p.members) - floor(f.budget * (p.position - 1) / p.members)
         ELSE f.budget END AS budget,
    CASE WHEN s.even THEN floor(f.revenue * p.position / p.members) - floor(f.revenue * (p.position - 1) / p.members)
         ELSE f.revenue END AS revenue,
    CASE WHEN s.even THEN floor(f.votes * p.position / p.members) - floor(f.votes * (p.position - 1) / p.members)
         ELSE f.votes END AS votes,
    CASE WHEN s.even THEN floor(f.popularity * p.position / p.members) - floor(f.popularity * (p.position - 1) / p.members)
         ELSE f.popularity END AS popularity_part,
    CASE WHEN s.even THEN floor(1000000 * p.position / p.members) - floor(1000000 * (p.position - 1) / p.members)
         ELSE 1000000 END AS film_part
  FROM placed p JOIN film f ON f.movie = p.movie CROSS JOIN splits s
),
spans AS (
  SELECT parts.*, 0 AS span FROM parts
  UNION ALL SELECT parts.*, month AS span FROM parts WHERE month IS NOT NULL
)
SELECT
  kind, split, year, CAST(span AS INT) AS month, entry,
  CAST(sum(film_part) AS BIGINT) AS movies,
  count(*) AS films,
  CAST(sum(budget) AS BIGINT) AS budget,
  CAST(sum(revenue) AS BIGINT) AS revenue,
  CAST(sum(revenue - budget) AS BIGINT) AS profit,
  count(budget) AS budget_known,
  count(revenue) AS revenue_known,
  count(revenue - budget) AS profit_known,
  CAST(sum(popularity_part) AS BIGINT) AS popularity_sum,
  CAST(floor(CAST(sum(popularity) AS DOUBLE) / count(popularity) + 0.5) AS BIGINT) AS popularity_mean,
  CAST(floor(median(popularity)) AS BIGINT) AS popularity_median,
  max(popularity) AS popularity_max,
  CAST(coalesce(sum(votes), 0) AS BIGINT) AS votes,
  count(c_rating) AS c_rating_known,
  CAST(floor(CAST(sum(c_rating) AS DOUBLE) / count(c_rating) + 0.5) AS BIGINT) AS c_rating_mean,
  CAST(floor(median(c_rating)) AS BIGINT) AS c_rating_median,
  max(c_rating) AS c_rating_max,
  array_sort(array_agg(movie)) AS movie_ids
FROM spans GROUP BY kind, split, year, span, entry
ORDER BY kind, split, year, month, entry

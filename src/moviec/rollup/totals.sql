-- The view `parts` of catalogue films summed by genre or company, year and month; month 0 is the whole year, with the
-- films whose month is unknown. Sums are of 128 bits in DuckDB; one that a BIGINT
-- cannot hold is unknown. Portable: DuckDB and Spark take it verbatim.
WITH spans AS (
  SELECT parts.*, 0 AS span FROM parts
  UNION ALL SELECT parts.*, month AS span FROM parts WHERE month IS NOT NULL
)
SELECT
  kind, split, year, CAST(span AS INT) AS month, entry,
  CAST(sum(film_part) AS BIGINT) AS movies,
  count(*) AS films,
  TRY_CAST(sum(budget) AS BIGINT) AS budget,
  TRY_CAST(sum(revenue) AS BIGINT) AS revenue,
  TRY_CAST(sum(revenue - budget) AS BIGINT) AS profit,
  count(budget) AS budget_known,
  count(revenue) AS revenue_known,
  count(revenue - budget) AS profit_known,
  TRY_CAST(sum(popularity_part) AS BIGINT) AS popularity_sum,
  TRY_CAST(floor(CAST(sum(popularity) AS DOUBLE) / count(popularity) + 0.5) AS BIGINT) AS popularity_mean,
  TRY_CAST(floor(median(popularity)) AS BIGINT) AS popularity_median,
  max(popularity) AS popularity_max,
  count(popularity) AS popularity_known,
  CAST(least(coalesce(sum(votes), 0), 9223372036854775807) AS BIGINT) AS votes,
  count(votes) AS votes_known,
  count(c_rating) AS c_rating_known,
  CAST(floor(CAST(sum(c_rating) AS DOUBLE) / count(c_rating) + 0.5) AS BIGINT) AS c_rating_mean,
  CAST(floor(median(c_rating)) AS BIGINT) AS c_rating_median,
  max(c_rating) AS c_rating_max,
  array_sort(array_agg(movie)) AS movie_ids
FROM spans GROUP BY kind, split, year, span, entry
ORDER BY kind, split, year, month, entry

-- The view `parts` summed by genre or company, year and month. Portable: DuckDB and Spark take it verbatim.
-- Sums are of 128 bits in DuckDB; one that a BIGINT cannot hold is unknown. Profit counts films with budget and revenue known. `genre_labels` (label, id, name): what the labels mean.
WITH sums AS (
  SELECT
    kind, entry, max(id) AS id, year, month,
    count(*) AS movies,
    CAST(sum(film_part) AS BIGINT) AS movies_millionths,
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
    CAST(least(coalesce(sum(votes), 0), 9223372036854775807) AS BIGINT) AS votes,
    array_sort(array_agg(movie)) AS movie_ids
  FROM parts GROUP BY kind, entry, year, month
),
names AS (  -- a company's commonest name; of two as common, the first in the alphabet
  SELECT kind, entry, name FROM (
    SELECT kind, entry, name, row_number() OVER (PARTITION BY kind, entry ORDER BY count(*) DESC, name) AS place
    FROM parts WHERE kind = 'production_companies' GROUP BY kind, entry, name) AS counted
  WHERE place = 1
)
SELECT
  sums.kind AS kind, coalesce(sums.id, genre_labels.id) AS id,
  CASE WHEN sums.kind = 'genres' THEN coalesce(genre_labels.name, sums.entry) ELSE names.name END AS name,
  year, month, movies, movies_millionths, budget, revenue, profit, budget_known, revenue_known, profit_known,
  popularity_sum, popularity_mean, popularity_median, popularity_max, votes, movie_ids
FROM sums
LEFT JOIN names ON names.kind = sums.kind AND names.entry = sums.entry
LEFT JOIN genre_labels ON sums.kind = 'genres' AND genre_labels.label = sums.entry

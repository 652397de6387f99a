-- Entries as they count: whole (`full`) or divided evenly. Portable: DuckDB and Spark take it verbatim.
-- Amounts are integers (dollars, votes, millionths of popularity, hundredths of a C-rating); an even part is the
-- difference of two floors, so the parts of a film add up to the film, to the last dollar. Doubles hold what is divided:
-- no product can overflow, and what sources may say (sources/checked.sql) is exact in them.
-- Tables: `entries`; `splits` (split, even), one row for each way of counting that is wanted.
SELECT
  kind, split, entry, id, name, movie, year, month, popularity, c_rating,
  CASE WHEN even THEN TRY_CAST(floor(CAST(budget AS DOUBLE) * position / members)
                               - floor(CAST(budget AS DOUBLE) * (position - 1) / members) AS BIGINT)
       ELSE budget END AS budget,
  CASE WHEN even THEN TRY_CAST(floor(CAST(revenue AS DOUBLE) * position / members)
                               - floor(CAST(revenue AS DOUBLE) * (position - 1) / members) AS BIGINT)
       ELSE revenue END AS revenue,
  CASE WHEN even THEN TRY_CAST(floor(CAST(votes AS DOUBLE) * position / members)
                               - floor(CAST(votes AS DOUBLE) * (position - 1) / members) AS BIGINT)
       ELSE votes END AS votes,
  CASE WHEN even THEN TRY_CAST(floor(CAST(popularity AS DOUBLE) * position / members)
                               - floor(CAST(popularity AS DOUBLE) * (position - 1) / members) AS BIGINT)
       ELSE popularity END AS popularity_part,
  CASE WHEN even THEN CAST(floor(1000000 * position / members) - floor(1000000 * (position - 1) / members) AS BIGINT)
       ELSE 1000000 END AS film_part
FROM entries CROSS JOIN splits

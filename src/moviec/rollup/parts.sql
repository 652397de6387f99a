-- Entries as they count: whole (`full`) or divided evenly. Portable: DuckDB and Spark take it verbatim.
-- Amounts are integers (dollars, votes, millionths of popularity, hundredths of a C-rating); an even part is the
-- difference of two floors, so the parts of a film add up to the film, to the last dollar.
-- Tables: `entries`; `splits` (split, even), one row for each way of counting that is wanted.
SELECT
  kind, split, entry, id, name, movie, year, month, popularity, c_rating,
  CASE WHEN even THEN floor(budget * position / members) - floor(budget * (position - 1) / members)
       ELSE budget END AS budget,
  CASE WHEN even THEN floor(revenue * position / members) - floor(revenue * (position - 1) / members)
       ELSE revenue END AS revenue,
  CASE WHEN even THEN floor(votes * position / members) - floor(votes * (position - 1) / members)
       ELSE votes END AS votes,
  CASE WHEN even THEN floor(popularity * position / members) - floor(popularity * (position - 1) / members)
       ELSE popularity END AS popularity_part,
  CASE WHEN even THEN floor(1000000 * position / members) - floor(1000000 * (position - 1) / members)
       ELSE 1000000 END AS film_part
FROM entries CROSS JOIN splits

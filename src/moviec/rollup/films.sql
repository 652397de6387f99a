-- The films that count, one row each with its genres and companies: what a rollup is made of. Per-record work on
-- the view `records`. {key_type} is BIGINT where the source's keys are numbers, else VARCHAR. What counts is
-- written as constants, so that it filters rows before their nested cells are read.
SELECT
  CAST(key AS {key_type}) AS movie, released, budget, revenue, popularity,
  list_max(list_transform(ratings, lambda r: r.votes)) AS votes,
  list_distinct(genres) AS genres,
  CASE WHEN list_unique(list_transform(companies, lambda c: c.key)) = len(companies) THEN companies
       ELSE list_distinct(companies) END AS companies,
  list_problems
FROM records
WHERE released >= DATE '{since}'
  AND (status = 'Released' OR {any_status})
  AND (revenue > 0 OR {any_revenue})
ORDER BY movie

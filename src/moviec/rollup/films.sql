-- The films that count, one row each with its genres and companies, each once, in the order listed: what a rollup is
-- made of. Per-record work on the view `records`. {key_type} is BIGINT where the source's keys are numbers, else
-- VARCHAR. What counts is written as constants, so that it filters rows before their nested cells are read.
-- list_position tells the first of two alike; list_distinct takes four times as long and forgets the order.
SELECT
  CAST(key AS {key_type}) AS movie, released, budget, revenue, popularity,
  list_max(list_transform(ratings, lambda r: r.votes)) AS votes,
  list_filter(genres, lambda g, place: g IS NOT NULL AND list_position(genres, g) = place) AS genres,
  list_filter(companies, lambda c, place: entries[place] IS NOT NULL AND list_position(entries, entries[place]) = place)
    AS companies,
  list_problems
FROM (SELECT *, list_transform(companies, lambda c: coalesce(c.key, c.name)) AS entries FROM records)
WHERE released >= DATE '{since}'
  AND ({out} OR {any_status})
  AND (revenue > 0 OR {any_revenue})
ORDER BY movie

-- The statements of rollups: from films to entries (what they count for), parts (whole or divided), sums, ranks and
-- reports.

-- name: films
-- The films that count, one row each with its genres and companies, each once, in the order listed: the basis of a
-- rollup Per-record work on the view `records`. {key_type} is BIGINT where the source's keys are numbers, else
-- VARCHAR. The conditions are written as constants, so that they filter rows before nested cells are read.
-- list_position finds the first of two equal items; list_distinct takes four times as long and loses the order.
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

-- name: summary
-- The records in groups with the same values for a run's report: why they count or not, what was set to unknown.
SELECT
  problems,
  released IS NOT NULL AS dated,
  {out} AS out_already,
  coalesce(revenue > 0, false) AS earned,
  count(*) AS films
FROM records
GROUP BY ALL

-- name: entries
-- One row per film and genre, and per film and company, from the view `films`. `entry` is what a row counts for:
-- the genre's label, the company's id (its name where it has none). `position` of `members` is the entry's place
-- among the film's own: it decides where the odd dollars fall when a film is divided evenly.
WITH dated AS (
  SELECT *, CAST(year(released) AS INT) AS year, CAST(month(released) AS INT) AS month FROM films
)
SELECT 'genres' AS kind, label AS entry, CAST(NULL AS {key_type}) AS id, label AS name, movie, year, month,
       budget, revenue, popularity, votes, CAST(NULL AS BIGINT) AS c_rating, position, members
FROM (SELECT *, unnest(genres) AS label, generate_subscripts(genres, 1) AS position, len(genres) AS members FROM dated)
UNION ALL
SELECT 'production_companies', coalesce(company.key, company.name), CAST(company.key AS {key_type}), company.name, movie,
       year, month, budget, revenue, popularity, votes, CAST(NULL AS BIGINT), position, members
FROM (SELECT *, unnest(companies) AS company, generate_subscripts(companies, 1) AS position, len(companies) AS members
      FROM dated)

-- name: catalogue_entries
-- The view `entries` of catalogue films, as `entries` makes it of delivered ones: `film` (movie, year, month, amounts)
-- and `entry` (kind, entry, name, movie, place), both with the catalogue's ids.
SELECT
  e.kind, e.entry, e.entry AS id, e.name, e.movie, f.year, f.month, f.budget, f.revenue, f.popularity, f.votes, f.c_rating,
  row_number() OVER (PARTITION BY e.kind, e.movie ORDER BY e.place, e.entry) AS position,
  count(*) OVER (PARTITION BY e.kind, e.movie) AS members
FROM entry e JOIN film f ON f.movie = e.movie

-- name: parts
-- Entries as counted: whole (`full`) or divided evenly (the macro `even_part`). Sums are of parts; means, medians and maxima of
-- whole films.
-- Amounts are integers (dollars, votes, millionths of popularity, hundredths of a C-rating).
-- Tables: `entries`; `splits` (split, even), one row for each way of counting that is wanted.
SELECT
  kind, split, entry, id, name, movie, year, month, budget, revenue, popularity, votes, c_rating,
  CASE WHEN even THEN even_part(budget, position, members) ELSE budget END AS budget_part,
  CASE WHEN even THEN even_part(revenue, position, members) ELSE revenue END AS revenue_part,
  CASE WHEN even THEN even_part(votes, position, members) ELSE votes END AS votes_part,
  CASE WHEN even THEN even_part(popularity, position, members) ELSE popularity END AS popularity_part,
  CASE WHEN even THEN even_part(1000000, position, members) ELSE 1000000 END AS film_part
FROM entries CROSS JOIN splits

-- name: monthly
-- The view `parts` summed by genre or company, year and month.
-- Sums are of 128 bits in DuckDB; one that a BIGINT cannot hold is unknown. Profit counts films with budget and revenue known. `genre_labels` (label, id, name): what the labels mean.
WITH sums AS (
  SELECT
    kind, entry, max(id) AS id, year, month,
    count(*) AS movies,
    CAST(sum(film_part) AS BIGINT) AS movies_millionths,
    TRY_CAST(sum(budget_part) AS BIGINT) AS budget,
    TRY_CAST(sum(revenue_part) AS BIGINT) AS revenue,
    TRY_CAST(sum(revenue_part - budget_part) AS BIGINT) AS profit,
    count(budget) AS budget_known,
    count(revenue) AS revenue_known,
    count(revenue - budget) AS profit_known,
    TRY_CAST(sum(popularity_part) AS BIGINT) AS popularity_sum,
    TRY_CAST(floor(CAST(sum(popularity) AS DOUBLE) / count(popularity) + 0.5) AS BIGINT) AS popularity_mean,
    TRY_CAST(floor(median(popularity)) AS BIGINT) AS popularity_median,
    max(popularity) AS popularity_max,
    CAST(least(coalesce(sum(votes_part), 0), 9223372036854775807) AS BIGINT) AS votes,
    array_sort(array_agg(movie)) AS movie_ids
  FROM parts GROUP BY kind, entry, year, month
),
names AS (  -- a company's commonest name; of equally common ones the alphabetically first
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

-- name: month_text
-- The text of each month file from the table `months`, one figure per line: popularity in its usual decimals.
-- {movies} is the number of films, whole or in parts; {named} and {behind} are the name and the movie ids, or nothing.
SELECT
  kind, year, month,
  '{"year": ' || year || ', "month": ' || month || ', "split": "{split}", "' || kind || '": [' || chr(10)
    || string_agg(to_json({
      'id': id, {named}
      'movies': {movies}, 'budget': budget, 'revenue': revenue, 'profit': profit,
      'known': {'budget': budget_known, 'revenue': revenue_known, 'profit': profit_known},
      'popularity': {'sum': popularity_sum / 1e6, 'mean': popularity_mean / 1e6,
                     'median': popularity_median / 1e6, 'max': popularity_max / 1e6},
      'votes': votes{behind}
    }), ',' || chr(10) ORDER BY place) || chr(10) || ']}' || chr(10) AS text
FROM (SELECT *, row_number() OVER () AS place FROM months)
GROUP BY kind, year, month
ORDER BY kind, year, month

-- name: totals
-- The view `entries` of catalogue films summed by genre or company, year and month, in each way of counting (`splits`); month 0
-- is the whole year, with the films whose month is unknown. Sums are of 128 bits in DuckDB; one that a BIGINT cannot hold is unknown.
-- Only sums depend on the way of counting, so that medians and lists of films, which cost the most, are worked out once.
WITH parted AS (
  SELECT kind, entry, movie, year, month, budget, revenue, popularity, votes, c_rating,
    even_part(1000000, position, members) AS film_even,
    even_part(budget, position, members) AS budget_even,
    even_part(revenue, position, members) AS revenue_even,
    even_part(popularity, position, members) AS popularity_even,
    even_part(votes, position, members) AS votes_even
  FROM entries
),
spans AS (
  SELECT parted.*, 0 AS span FROM parted
  UNION ALL SELECT parted.*, month AS span FROM parted WHERE month IS NOT NULL
),
summed AS (
  SELECT
    kind, year, CAST(span AS INT) AS month, entry,
    count(*) AS films,
    sum(film_even) AS films_even,
    sum(budget) AS budget, sum(budget_even) AS budget_even,
    sum(revenue) AS revenue, sum(revenue_even) AS revenue_even,
    sum(revenue - budget) AS profit, sum(revenue_even - budget_even) AS profit_even,
    count(budget) AS budget_known,
    count(revenue) AS revenue_known,
    count(revenue - budget) AS profit_known,
    sum(popularity) AS popularity, sum(popularity_even) AS popularity_even,
    TRY_CAST(floor(median(popularity)) AS BIGINT) AS popularity_median,
    max(popularity) AS popularity_max,
    count(popularity) AS popularity_known,
    sum(votes) AS votes, sum(votes_even) AS votes_even,
    count(votes) AS votes_known,
    count(c_rating) AS c_rating_known,
    CAST(floor(CAST(sum(c_rating) AS DOUBLE) / count(c_rating) + 0.5) AS BIGINT) AS c_rating_mean,
    CAST(floor(median(c_rating)) AS BIGINT) AS c_rating_median,
    max(c_rating) AS c_rating_max,
    array_sort(array_agg(movie)) AS movie_ids
  FROM spans GROUP BY kind, year, span, entry
)
SELECT
  kind, split, year, month, entry,
  CAST(CASE WHEN even THEN films_even ELSE films * 1000000 END AS BIGINT) AS movies,
  films,
  TRY_CAST(CASE WHEN even THEN budget_even ELSE budget END AS BIGINT) AS budget,
  TRY_CAST(CASE WHEN even THEN revenue_even ELSE revenue END AS BIGINT) AS revenue,
  TRY_CAST(CASE WHEN even THEN profit_even ELSE profit END AS BIGINT) AS profit,
  budget_known, revenue_known, profit_known,
  TRY_CAST(CASE WHEN even THEN popularity_even ELSE popularity END AS BIGINT) AS popularity_sum,
  TRY_CAST(floor(CAST(popularity AS DOUBLE) / popularity_known + 0.5) AS BIGINT) AS popularity_mean,
  popularity_median, popularity_max, popularity_known,
  CAST(least(coalesce(CASE WHEN even THEN votes_even ELSE votes END, 0), 9223372036854775807) AS BIGINT) AS votes,
  votes_known, c_rating_known, c_rating_mean, c_rating_median, c_rating_max, movie_ids
FROM summed CROSS JOIN splits
ORDER BY kind, split, year, month, entry

-- name: ranked
-- For every year the top and bottom {places} genres and companies by each measure in `totals`: from the largest value on,
-- unknown last, and down to the smallest one. Of equal values the one of more films comes first, then the one of the smaller id.
WITH valued AS (
  SELECT kind, split, CAST(year AS BIGINT) AS year, measures.measure AS measure, entry, films,
    CASE measures.measure {values} END AS value
  FROM totals CROSS JOIN measures WHERE month = 0
)
SELECT
  kind, split, year, measure, count(*) AS entries, count(value) AS valued,
  max_by(entry, row(value IS NOT NULL, coalesce(value, 0), films, -entry), {places}) AS first_entries,
  list_reverse(min_by(entry, row(value, films, -entry), {places}) FILTER (value IS NOT NULL)) AS last_entries
FROM valued GROUP BY kind, split, year, measure
ORDER BY kind, split, year, measure

-- name: report
-- The view `parts` of one kind over a span of months: one row per genre or company, or per each and year.
-- {value} is the aggregated amount (rollup/ranked.py), {amount} the amount itself; `known` films have one.
-- Without a month, films whose month is unknown count, too.
WITH span AS (
  SELECT *, {year} AS bucket
  FROM parts
  WHERE kind = '{kind}' AND year BETWEEN {first_year} AND {last_year} AND {month}
),
named AS (
  SELECT entry, name FROM (
    SELECT entry, name, row_number() OVER (PARTITION BY entry ORDER BY count(*) DESC, name) AS place
    FROM span GROUP BY entry, name) AS counted
  WHERE place = 1
)
SELECT
  coalesce(max(span.id), max(genre_labels.id)) AS id,
  coalesce(max(genre_labels.name), max(named.name)) AS name,
  bucket AS year,
  count(*) AS movies,
  count({amount}) AS known,
  {value} AS value
FROM span
JOIN named ON named.entry = span.entry
LEFT JOIN genre_labels ON span.kind = 'genres' AND genre_labels.label = span.entry
GROUP BY span.entry, bucket

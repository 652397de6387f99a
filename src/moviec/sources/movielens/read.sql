-- MovieLens into records. Views `movies`, `links`, `ratings`, `tags` hold the files' columns as text.
-- A title is "Postman, The (Postino, Il) (1994)": the name filed under its first word, other names, the year.
WITH dated AS (
  SELECT *, tidy(title) AS delivered,
    regexp_extract(tidy(title), '^(.*\S)\s*\(([0-9]{4})(?:[-–][0-9]{0,4})?\)$', ['name', 'year']) AS cut
  FROM movies
),
bracketed AS (
  SELECT *,
    try_cast(cut.year AS INTEGER) AS year_read,
    coalesce(nullif(cut.name, ''), delivered) AS undated,
    regexp_extract(undated, '^(.+?)((?:\s*\((?:[^()]|\([^()]*\))*\))*)$', ['main', 'others']) AS parts
  FROM dated
),
named AS (
  SELECT *,
    -- "Birdman: Or (The Unexpected Virtue of Ignorance)" is one title.
    CASE WHEN regexp_matches(parts.main, '(?i)\bor\s*$') THEN undated ELSE article_first(tidy(parts.main)) END AS name,
    list_transform(regexp_extract_all(parts.others, '\(((?:[^()]|\([^()]*\))*)\)', 1),
      lambda t: article_first(tidy(regexp_replace(t, '^a\.?k\.?a\.?:?\s+', '', 'i')))) AS others
  FROM bracketed
),
-- Half stars are counted as whole numbers, so that the mean does not depend on the order of the votes.
stars AS (
  SELECT movieId, try_cast(try_cast(rating AS DECIMAL(9, 3)) * 2 AS DECIMAL(9, 3)) AS halves, count(*) AS votes
  FROM ratings
  GROUP BY ALL
),
rated AS (
  SELECT movieId,
    (sum(halves * votes) FILTER (WHERE fits))::BIGINT AS total,
    (sum(votes) FILTER (WHERE fits))::BIGINT AS votes,
    map(list(halves::INTEGER) FILTER (WHERE fits), list(votes) FILTER (WHERE fits)) AS by_step,
    sum(votes) FILTER (WHERE NOT fits) AS unfit
  FROM (SELECT *, coalesce(halves BETWEEN 1 AND 10 AND halves = floor(halves), false) AS fits FROM stars)
  GROUP BY movieId
),
tagged AS (
  SELECT movieId, list(tag ORDER BY uses DESC, tag) AS keywords
  FROM (SELECT movieId, tidy(tag) AS tag, count(*) AS uses FROM tags GROUP BY ALL)
  WHERE tag IS NOT NULL
  GROUP BY movieId
)
SELECT
  named._position,
  'movies' AS role,
  named._line AS line,
  named.movieId AS key,
  name AS title,
  titles_as(list_concat(
    CASE WHEN undated <> name THEN [undated] END,
    list_filter(others, lambda t: t <> name))) AS other_titles,
  year_read AS year,
  CASE WHEN genres <> '(no genres listed)' THEN listed(genres, '\|') END AS genres,
  keywords,
  known_ids([
    {'k': 'movielens', 'v': named.movieId},
    {'k': 'imdb', 'v': known_text(imdbId)},
    {'k': 'tmdb', 'v': known_text(tmdbId)}]) AS ids,
  CASE WHEN votes > 0 THEN known_ratings([rating_of('movielens', 'audience', [0.5, 5], total / (2 * votes), votes,
    list_transform(range(1, 11), lambda step: coalesce(by_step[step::INTEGER], 0)))]) END AS ratings,
  problems_in([
    CASE WHEN unfit > 0 THEN 'ratings_unreadable' END,
    unreadable('ids', imdbId, known_text(imdbId) IS NULL),
    unreadable('ids', tmdbId, known_text(tmdbId) IS NULL)
  ]) AS problems,
  []::VARCHAR[] AS list_problems
FROM named
LEFT JOIN links ON links.movieId = named.movieId
LEFT JOIN rated ON rated.movieId = named.movieId
LEFT JOIN tagged ON tagged.movieId = named.movieId

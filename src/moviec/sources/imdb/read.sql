-- IMDb's datasets into records. Views `basics` (films only), `ratings`, `crew`, `names`, `akas`, `principals`.
-- Crew lists directors and writers by id, in order; principals add the cast and the other trades.

-- name: films
SELECT tconst FROM basics

-- name: named
-- Per film its credits with names, and how many have none.
WITH credited AS (
  SELECT tconst, 'director' AS role, unnest(string_split(directors, ',')) AS nconst,
    generate_subscripts(string_split(directors, ','), 1) - 1 AS position, NULL::VARCHAR AS character, 1 AS part
  FROM crew SEMI JOIN films USING (tconst)
  UNION ALL
  SELECT tconst, 'writer', unnest(string_split(writers, ',')),
    generate_subscripts(string_split(writers, ','), 1) - 1, NULL, 2
  FROM crew SEMI JOIN films USING (tconst)
  UNION ALL
  SELECT tconst,
    CASE WHEN category IN ('actor', 'actress', 'self') THEN 'actor' ELSE category END,
    nconst, try_cast("ordering" AS BIGINT) - 1, array_to_string(listed(characters, '\n'), ' / '), 3
  FROM principals SEMI JOIN films USING (tconst)
  WHERE category IN ('actor', 'actress', 'self', 'producer', 'composer', 'cinematographer', 'editor')
)
SELECT credited.tconst,
  list({'part': part, 'position': position::INTEGER, 'key': credited.nconst, 'role': role, 'character': character,
        'name': tidy(primaryName)}) FILTER (WHERE tidy(primaryName) IS NOT NULL) AS credits,
  count(*) FILTER (WHERE tidy(primaryName) IS NULL) AS nameless
FROM credited
LEFT JOIN names ON names.nconst = credited.nconst
GROUP BY credited.tconst

-- name: records
WITH titled AS (
  SELECT titleId,
    list({'title': tidy(title), 'language': "language", 'region': region}
      ORDER BY try_cast("ordering" AS INTEGER), title, region, "language") AS other_titles
  FROM akas
  SEMI JOIN films ON films.tconst = akas.titleId
  WHERE tidy(title) IS NOT NULL
  GROUP BY titleId
),
parsed AS (
  SELECT basics.*,
    try_cast(startYear AS INTEGER) AS year_read,
    try_cast(runtimeMinutes AS INTEGER) AS runtime_read,
    try_cast(averageRating AS DOUBLE) AS value_read,
    try_cast(numVotes AS BIGINT) AS votes_read,
    averageRating, numVotes
  FROM basics
  LEFT JOIN ratings ON ratings.tconst = basics.tconst
)
SELECT
  parsed._position,
  'basics' AS role,
  parsed._line AS line,
  parsed.tconst AS key,
  CASE titleType WHEN 'movie' THEN 'feature' WHEN 'tvMovie' THEN 'tv_movie' ELSE titleType END AS kind,
  tidy(primaryTitle) AS title,
  tidy(originalTitle) AS original_title,
  other_titles,
  year_read AS year,
  runtime_read AS runtime,
  listed(genres, ',') AS genres,
  list_transform(list_sort(credits), lambda c: {'name': c.name, 'key': c.key, 'role': c.role, 'character': c.character,
    'position': c.position}) AS people,
  known_ids([{'k': 'imdb', 'v': parsed.tconst}]) AS ids,
  CASE WHEN votes_read > 0 THEN
    known_ratings([rating_of('imdb', 'audience', [1, 10], value_read, votes_read, NULL)]) END AS ratings,
  try_cast(isAdult AS BOOLEAN) AS adult,
  problems_in([
    unreadable('year', startYear, year_read IS NULL),
    unreadable('runtime', runtimeMinutes, runtime_read IS NULL),
    unreadable('ratings', averageRating, value_read IS NULL),
    unreadable('ratings', numVotes, votes_read IS NULL),
    unreadable('adult', isAdult, try_cast(isAdult AS BOOLEAN) IS NULL)
  ]) AS problems,
  problems_in([CASE WHEN nameless > 0 THEN 'people_without_a_name' END]) AS list_problems
FROM parsed
LEFT JOIN named ON named.tconst = parsed.tconst
LEFT JOIN titled ON titled.titleId = parsed.tconst

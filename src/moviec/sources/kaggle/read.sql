-- The Movies Dataset into records. Views `movies`, `credits`, `keywords` hold the files' columns as text.
-- Nested columns are Python literals; `problems` names the cells that hold something which cannot be read.
WITH parsed AS (
  SELECT
    movies.*,
    try_cast(budget AS BIGINT) AS budget_read,
    try_cast(revenue AS BIGINT) AS revenue_read,
    try_cast(popularity AS DECIMAL(18, 6)) AS popularity_read,
    try_cast(try_cast(runtime AS DOUBLE) AS INTEGER) AS runtime_read,
    try_cast(release_date AS DATE) AS released_read,
    try_cast(vote_average AS DOUBLE) AS vote_read,
    try_cast(vote_count AS BIGINT) AS votes_read,
    py_list(genres, '[{"name": "VARCHAR"}]') AS genres_read,
    py_list(production_companies, '[{"id": "BIGINT", "name": "VARCHAR"}]') AS companies_read,
    py_list(production_countries, '[{"iso_3166_1": "VARCHAR"}]') AS countries_read,
    py_list(spoken_languages, '[{"iso_639_1": "VARCHAR"}]') AS languages_read,
    py_list(belongs_to_collection, '{"name": "VARCHAR"}') AS collection_read
  FROM movies
)
SELECT
  parsed._position,
  'movies' AS role,
  parsed._line AS line,
  parsed.id AS key,
  CASE
    WHEN try_cast(video AS BOOLEAN) THEN 'video'
    WHEN list_contains(list_transform(genres_read, lambda g: g.name), 'TV Movie') THEN 'tv_movie'
  END AS kind,
  tidy(title) AS title,
  tidy(original_title) AS original_title,
  coalesce(year(released_read), try_cast(release_date AS INTEGER))::INTEGER AS year,
  released_read AS released,
  runtime_read AS runtime,
  tidy(status) AS status,
  nullif(list_transform(genres_read, lambda g: g.name), []) AS genres,
  nullif(list_transform(py_list(keywords.keywords, '[{"name": "VARCHAR"}]'), lambda k: k.name), []) AS keywords,
  collection_read.name AS collection,
  tidy(original_language) AS original_language,
  nullif(list_transform(languages_read, lambda l: l.iso_639_1), []) AS languages,
  nullif(list_transform(countries_read, lambda c: c.iso_3166_1), []) AS countries,
  nullif(list_concat(
    list_transform(py_list(credits.cast, '[{"id": "BIGINT", "name": "VARCHAR", "character": "VARCHAR", "order": "INTEGER"}]'),
      lambda p: {'name': p.name, 'key': p.id::VARCHAR, 'role': 'actor',
                 'character': nullif(p.character, ''), 'position': p.order}),
    list_filter(list_transform(py_list(credits.crew, '[{"id": "BIGINT", "name": "VARCHAR", "job": "VARCHAR"}]'),
      lambda p: {'name': p.name, 'key': p.id::VARCHAR, 'role': crew_role(p.job),
                 'character': NULL::VARCHAR, 'position': NULL::INTEGER}),
      lambda p: p.role IS NOT NULL)), []) AS people,
  nullif(list_transform(companies_read, lambda c: {'name': c.name, 'key': c.id::VARCHAR}), []) AS companies,
  budget_read AS budget,
  revenue_read AS revenue,
  CASE WHEN revenue_read > 0 THEN 'worldwide' END AS revenue_scope,
  (popularity_read::DECIMAL(38, 6) * 1000000)::BIGINT AS popularity,
  known_ids([{'k': 'imdb', 'v': known_text(imdb_id)}, {'k': 'tmdb', 'v': parsed.id}]) AS ids,
  CASE WHEN votes_read > 0 THEN
    known_ratings([rating_of('tmdb', 'audience', [0, 10], vote_read, votes_read, NULL)]) END AS ratings,
  tidy(overview) AS overview,
  tidy(tagline) AS tagline,
  tidy(poster_path) AS poster,
  tidy(homepage) AS homepage,
  try_cast(adult AS BOOLEAN) AS adult,
  problems_in([
    unreadable('budget', budget, budget_read IS NULL),
    unreadable('revenue', revenue, revenue_read IS NULL),
    unreadable('popularity', popularity, popularity_read IS NULL),
    unreadable('runtime', runtime, runtime_read IS NULL),
    unreadable('released', release_date, released_read IS NULL AND try_cast(release_date AS INTEGER) IS NULL),
    unreadable('ratings', vote_average, vote_read IS NULL),
    unreadable('ratings', vote_count, votes_read IS NULL),
    unreadable('adult', adult, try_cast(adult AS BOOLEAN) IS NULL)
  ]) AS problems,
  problems_in([
    unreadable('genres', genres, genres_read IS NULL),
    unreadable('companies', production_companies, companies_read IS NULL),
    unreadable('countries', production_countries, countries_read IS NULL),
    unreadable('languages', spoken_languages, languages_read IS NULL),
    unreadable('collection', belongs_to_collection, collection_read IS NULL)
  ]) AS list_problems
FROM parsed
LEFT JOIN credits ON credits.id = parsed.id
LEFT JOIN keywords ON keywords.id = parsed.id

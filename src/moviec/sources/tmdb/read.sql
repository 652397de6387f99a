-- Answers of TMDB's API about films into records. The view `movies` has one answer per row: the API's values are in
-- "body.…", lists as JSON text. The certificate is that of the United States; the trailer the first official one on
-- YouTube.
WITH parsed AS (
  SELECT
    id, _position, _line,
    "body.title" AS title, "body.original_title" AS original_title, "body.status" AS status,
    "body.overview" AS overview, "body.tagline" AS tagline, "body.homepage" AS homepage, "body.poster_path" AS poster_path,
    "body.original_language" AS original_language, "body.imdb_id" AS imdb_id, "body.adult" AS adult, "body.video" AS video,
    "body.external_ids.wikidata_id" AS wikidata_id, "body.belongs_to_collection.name" AS collection,
    "body.release_date" AS release_date, "body.vote_average" AS vote_average, "body.vote_count" AS vote_count,
    "body.genres" AS genres, "body.production_companies" AS companies, "body.credits.cast" AS cast_given,
    "body.credits.crew" AS crew_given,
    try_cast("body.budget" AS BIGINT) AS budget,
    try_cast("body.revenue" AS BIGINT) AS revenue,
    try_cast("body.popularity" AS DECIMAL(18, 6)) AS popularity,
    try_cast(try_cast("body.runtime" AS DOUBLE) AS INTEGER) AS runtime,
    try_cast("body.release_date" AS DATE) AS released,
    try_cast("body.vote_average" AS DOUBLE) AS vote,
    try_cast("body.vote_count" AS BIGINT) AS votes,
    TRY(from_json("body.genres", '[{"name": "VARCHAR"}]')) AS genres_read,
    TRY(from_json("body.keywords.keywords", '[{"name": "VARCHAR"}]')) AS keywords_read,
    TRY(from_json("body.production_companies", '[{"id": "BIGINT", "name": "VARCHAR"}]')) AS companies_read,
    TRY(from_json("body.production_countries", '[{"iso_3166_1": "VARCHAR"}]')) AS countries_read,
    TRY(from_json("body.spoken_languages", '[{"iso_639_1": "VARCHAR"}]')) AS languages_read,
    TRY(from_json("body.credits.cast", '[{"id": "BIGINT", "name": "VARCHAR", "character": "VARCHAR", "order": "INTEGER"}]')) AS cast_read,
    TRY(from_json("body.credits.crew", '[{"id": "BIGINT", "name": "VARCHAR", "job": "VARCHAR"}]')) AS crew_read,
    TRY(from_json("body.alternative_titles.titles", '[{"iso_3166_1": "VARCHAR", "title": "VARCHAR"}]')) AS alternative_read,
    TRY(from_json("body.translations.translations",
      '[{"iso_3166_1": "VARCHAR", "iso_639_1": "VARCHAR", "data": {"title": "VARCHAR"}}]')) AS translations_read,
    TRY(from_json("body.release_dates.results",
      '[{"iso_3166_1": "VARCHAR", "release_dates": [{"certification": "VARCHAR"}]}]')) AS releases_read,
    TRY(from_json("body.videos.results",
      '[{"site": "VARCHAR", "type": "VARCHAR", "key": "VARCHAR", "official": "BOOLEAN"}]')) AS videos_read
  FROM movies
)
SELECT
  _position,
  'movies' AS role,
  _line AS line,
  id AS key,
  CASE
    WHEN try_cast(video AS BOOLEAN) THEN 'video'
    WHEN list_contains(list_transform(genres_read, lambda g: g.name), 'TV Movie') THEN 'tv_movie'
  END AS kind,
  tidy(title) AS title,
  tidy(original_title) AS original_title,
  nullif(list_distinct(list_concat(
    list_transform(list_filter(translations_read, lambda t: tidy(t.data.title) IS NOT NULL),
      lambda t: {'title': tidy(t.data.title), 'language': tidy(t.iso_639_1), 'region': tidy(t.iso_3166_1)}),
    list_transform(list_filter(alternative_read, lambda t: tidy(t.title) IS NOT NULL),
      lambda t: {'title': tidy(t.title), 'language': NULL::VARCHAR, 'region': tidy(t.iso_3166_1)}))), []) AS other_titles,
  year(released)::INTEGER AS year,
  released,
  nullif(runtime, 0) AS runtime,
  tidy(status) AS status,
  nullif(list_transform(genres_read, lambda g: g.name), []) AS genres,
  nullif(list_transform(keywords_read, lambda k: k.name), []) AS keywords,
  tidy(collection) AS collection,
  list_filter(list_transform(flatten(list_transform(list_filter(releases_read, lambda r: r.iso_3166_1 = 'US'),
    lambda r: r.release_dates)), lambda d: tidy(d.certification)), lambda c: c IS NOT NULL)[1] AS certificate,
  tidy(original_language) AS original_language,
  nullif(list_transform(languages_read, lambda l: l.iso_639_1), []) AS languages,
  nullif(list_transform(countries_read, lambda c: c.iso_3166_1), []) AS countries,
  nullif(list_concat(
    list_transform(cast_read, lambda p: {'name': p.name, 'key': p.id::VARCHAR, 'role': 'actor',
      'character': nullif(p.character, ''), 'position': p.order}),
    list_filter(list_transform(crew_read, lambda p: {'name': p.name, 'key': p.id::VARCHAR, 'role': crew_role(p.job),
      'character': NULL::VARCHAR, 'position': NULL::INTEGER}), lambda p: p.role IS NOT NULL)), []) AS people,
  nullif(list_transform(companies_read, lambda c: {'name': c.name, 'key': c.id::VARCHAR}), []) AS companies,
  nullif(budget, 0) AS budget,
  nullif(revenue, 0) AS revenue,
  CASE WHEN revenue > 0 THEN 'worldwide' END AS revenue_scope,
  (popularity::DECIMAL(38, 6) * 1000000)::BIGINT AS popularity,
  known_ids([{'k': 'imdb', 'v': known_text(imdb_id)}, {'k': 'tmdb', 'v': id}, {'k': 'wikidata', 'v': known_text(wikidata_id)}]) AS ids,
  CASE WHEN votes > 0 THEN known_ratings([rating_of('tmdb', 'audience', [0, 10], vote, votes, NULL)]) END AS ratings,
  tidy(overview) AS overview,
  tidy(tagline) AS tagline,
  tidy(poster_path) AS poster,
  'https://www.youtube.com/watch?v=' || list_filter(videos_read,
    lambda v: v.site = 'YouTube' AND v.type = 'Trailer' AND coalesce(v.official, true))[1].key AS trailer,
  tidy(homepage) AS homepage,
  try_cast(adult AS BOOLEAN) AS adult,
  problems_in([
    unreadable('released', release_date, released IS NULL),
    unreadable('ratings', vote_average, vote IS NULL),
    unreadable('ratings', vote_count, votes IS NULL)
  ]) AS problems,
  problems_in([
    unreadable('genres', genres, genres_read IS NULL),
    unreadable('companies', companies, companies_read IS NULL),
    unreadable('people', cast_given, cast_read IS NULL),
    unreadable('people', crew_given, crew_read IS NULL)
  ]) AS list_problems
FROM parsed

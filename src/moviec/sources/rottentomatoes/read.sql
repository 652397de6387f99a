-- Rotten Tomatoes into records, one per slug ("m/love_story"), from the table, the listing or both.
-- Views `movies` (the table) and `listing`; where both know a film, the table's values come first.
WITH tabled AS (
  SELECT *, rotten_tomatoes_link AS slug, try_cast(original_release_date AS DATE) AS released_read,
    coalesce(try_cast(tomatometer_count AS BIGINT),
      try_cast(tomatometer_fresh_critics_count AS BIGINT) + try_cast(tomatometer_rotten_critics_count AS BIGINT)
    ) AS reviews
  FROM movies
),
listed_films AS (
  SELECT *, regexp_extract(url, '/(m/[^/]+)$', 1) AS slug,
    try_cast(release_date AS DATE) AS released_read, try_cast(release_date AS INTEGER) AS year_read,
    CASE WHEN regexp_matches(release_date, '^\x1A?(?:Now Playing$|In Theaters)') THEN 'In Theaters' END AS status_read
  FROM listing
)
SELECT
  coalesce(t._position, l._position) AS _position,
  CASE WHEN t.slug IS NULL THEN 'listing' ELSE 'movies' END AS role,
  CASE WHEN t.slug IS NULL THEN l._line ELSE t._line END AS line,
  coalesce(t.slug, l.slug) AS key,
  coalesce(tidy(movie_title), tidy(title)) AS title,
  coalesce(year(t.released_read), year(l.released_read), l.year_read)::INTEGER AS year,
  coalesce(t.released_read, l.released_read) AS released,
  try_cast(try_cast(runtime AS DOUBLE) AS INTEGER) AS runtime,
  status_read AS status,
  listed(genres, ',') AS genres,
  tidy(content_rating) AS certificate,
  nullif(list_concat(list_concat(people_as('director', names_listed(directors, ',')), people_as('writer', names_listed(authors, ','))),
    people_as('actor', names_listed(actors, ','))), []) AS people,
  CASE WHEN tidy(production_company) IS NOT NULL THEN [{'name': tidy(production_company), 'key': NULL::VARCHAR}] END AS companies,
  known_ids([{'k': 'rottentomatoes', 'v': coalesce(t.slug, l.slug)}]) AS ids,
  known_ratings([
    rating_of('rottentomatoes', 'critics', [0, 100],
      coalesce(try_cast(tomatometer_rating AS DOUBLE), try_cast(critic_score AS DOUBLE)), reviews, NULL),
    rating_of('rottentomatoes_audience', 'audience', [0, 100],
      coalesce(try_cast(audience_rating AS DOUBLE), try_cast(audience_score AS DOUBLE)), try_cast(audience_count AS BIGINT), NULL)
  ]) AS ratings,
  tidy(movie_info) AS overview,
  problems_in([
    unreadable('released', original_release_date, t.released_read IS NULL),
    unreadable('released', release_date, l.released_read IS NULL AND l.year_read IS NULL AND status_read IS NULL),
    unreadable('runtime', runtime, try_cast(runtime AS DOUBLE) IS NULL),
    unreadable('ratings', tomatometer_rating, try_cast(tomatometer_rating AS DOUBLE) IS NULL),
    unreadable('ratings', critic_score, try_cast(critic_score AS DOUBLE) IS NULL),
    unreadable('ratings', audience_rating, try_cast(audience_rating AS DOUBLE) IS NULL),
    unreadable('ratings', audience_score, try_cast(audience_score AS DOUBLE) IS NULL)
  ]) AS problems,
  []::VARCHAR[] AS list_problems
FROM tabled AS t
FULL JOIN listed_films AS l ON l.slug = t.slug

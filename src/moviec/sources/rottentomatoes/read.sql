-- Rotten Tomatoes into records, one per slug ("m/love_story"), from the table, the listing or both.
-- Views `movies` (the table) and `listing`; where both know a film, the table's values come first.
WITH tabled AS (
  SELECT *, rotten_tomatoes_link AS slug, date_of(original_release_date) AS released_read,
    coalesce(try_cast(tidy(tomatometer_count) AS BIGINT),
      try_cast(tidy(tomatometer_fresh_critics_count) AS BIGINT) + try_cast(tidy(tomatometer_rotten_critics_count) AS BIGINT)
    ) AS reviews
  FROM movies
),
listed_films AS (
  SELECT *, regexp_extract(url, '/(m/[^/]+)$', 1) AS slug,
    date_of(regexp_extract(tidy(release_date), '^Released (.*)$', 1)) AS released_read,
    CASE WHEN release_date = 'Now Playing' OR starts_with(release_date, 'In Theaters') THEN 'In Theaters' END AS status_read
  FROM listing
)
SELECT
  coalesce(t._position, l._position) AS _position,
  CASE WHEN t.slug IS NULL THEN 'listing' ELSE 'movies' END AS role,
  CASE WHEN t.slug IS NULL THEN l._line ELSE t._line END AS line,
  coalesce(t.slug, l.slug) AS key,
  coalesce(tidy(movie_title), tidy(title)) AS title,
  coalesce(year(t.released_read), year(l.released_read), year_of(release_date))::INTEGER AS year,
  coalesce(t.released_read, l.released_read) AS released,
  whole(tidy(runtime))::INTEGER AS runtime,
  status_read AS status,
  listed(genres, ',') AS genres,
  tidy(content_rating) AS certificate,
  nullif(list_concat(list_concat(people_as('director', names_listed(directors, ',')), people_as('writer', names_listed(authors, ','))),
    people_as('actor', names_listed(actors, ','))), []) AS people,
  CASE WHEN tidy(production_company) IS NOT NULL THEN [{'name': tidy(production_company), 'key': NULL::VARCHAR}] END AS companies,
  known_ids([{'k': 'rottentomatoes', 'v': coalesce(t.slug, l.slug)}]) AS ids,
  known_ratings([
    rating_of('rottentomatoes', 'critics', [0, 100],
      coalesce(whole(tidy(tomatometer_rating)), whole(tidy(critic_score))), reviews, NULL),
    rating_of('rottentomatoes_audience', 'audience', [0, 100],
      coalesce(whole(tidy(audience_rating)), whole(tidy(audience_score))), whole(tidy(audience_count)), NULL)
  ]) AS ratings,
  tidy(movie_info) AS overview,
  problems_in([
    unreadable('released', original_release_date, t.released_read IS NULL),
    unreadable('released', release_date, l.released_read IS NULL AND year_of(release_date) IS NULL AND status_read IS NULL),
    unreadable('runtime', runtime, whole(tidy(runtime)) IS NULL),
    unreadable('ratings', tomatometer_rating, whole(tidy(tomatometer_rating)) IS NULL),
    unreadable('ratings', critic_score, whole(tidy(critic_score)) IS NULL),
    unreadable('ratings', audience_rating, whole(tidy(audience_rating)) IS NULL),
    unreadable('ratings', audience_score, whole(tidy(audience_score)) IS NULL)
  ]) AS problems,
  []::VARCHAR[] AS list_problems
FROM tabled AS t
FULL JOIN listed_films AS l ON l.slug = t.slug

-- Answers of the OMDb API into records. The view `titles` has one answer per row; unknown values are "N/A".
-- BoxOffice is what was earned in the United States and Canada. Its ratings are those of three raters, each kept apart.
WITH parsed AS (
  SELECT
    id, _position, _line, "body.Released" AS released_given, "body.Runtime" AS runtime_given, "body.Year" AS year_given,
    "body.imdbRating" AS imdb_given, "body.Metascore" AS metascore_given, "body.Ratings" AS ratings_given,
    "body.Title" AS title, "body.Rated" AS rated, "body.Plot" AS plot, "body.Website" AS website, "body.Genre" AS genre,
    "body.Director" AS director, "body.Writer" AS writer, "body.Actors" AS actors, "body.Production" AS production,
    try_cast("body.Year" AS INTEGER) AS year,
    try_cast("body.Released" AS DATE) AS released,
    try_cast("body.Runtime" AS INTEGER) AS runtime,
    try_cast("body.BoxOffice" AS BIGINT) AS box_office,
    try_cast("body.imdbRating" AS DOUBLE) AS imdb,
    try_cast("body.imdbVotes" AS BIGINT) AS votes,
    try_cast("body.Metascore" AS DOUBLE) AS metascore,
    TRY(from_json("body.Ratings", '[{"Source": "VARCHAR", "Value": "VARCHAR"}]')) AS ratings_read
  FROM titles
), known AS (
  SELECT *, try_cast(rtrim(list_filter(ratings_read, lambda r: r.Source = 'Rotten Tomatoes')[1].Value, '%') AS DOUBLE) AS tomatometer
  FROM parsed
)
SELECT
  _position,
  'titles' AS role,
  _line AS line,
  id AS key,
  nullif(tidy(title), 'N/A') AS title,
  coalesce(year, year(released))::INTEGER AS year,
  released,
  runtime,
  nullif(list_filter(listed(genre, ', *'), lambda g: g <> 'N/A'), []) AS genres,
  CASE WHEN rated NOT IN ('N/A', 'Not Rated', 'Unrated') THEN tidy(rated) END AS certificate,
  nullif(list_filter(list_concat(
    people_as('director', names_listed(director, ', *')),
    people_as('writer', names_listed(writer, ', *')),
    people_as('actor', names_listed(actors, ', *'))), lambda p: p.name <> 'N/A'), []) AS people,
  nullif(list_transform(list_filter(listed(production, ', *'), lambda c: c <> 'N/A'),
    lambda c: {'name': c, 'key': NULL::VARCHAR}), []) AS companies,
  box_office AS revenue,
  CASE WHEN box_office > 0 THEN 'domestic' END AS revenue_scope,
  known_ids([{'k': 'imdb', 'v': id}]) AS ids,
  known_ratings([
    CASE WHEN imdb > 0 THEN rating_of('imdb', 'audience', [1, 10], imdb, votes, NULL) END,
    rating_of('rottentomatoes', 'critics', [0, 100], tomatometer, NULL, NULL),
    rating_of('metacritic', 'critics', [0, 100], metascore, NULL, NULL)
  ]) AS ratings,
  nullif(tidy(plot), 'N/A') AS overview,
  nullif(tidy(website), 'N/A') AS homepage,
  problems_in([
    unreadable('released', released_given, released IS NULL),
    unreadable('runtime', runtime_given, runtime IS NULL),
    unreadable('year', year_given, year IS NULL),
    unreadable('ratings', imdb_given, imdb IS NULL),
    unreadable('ratings', metascore_given, metascore IS NULL)
  ]) AS problems,
  problems_in([unreadable('ratings', ratings_given, ratings_read IS NULL)]) AS list_problems
FROM known

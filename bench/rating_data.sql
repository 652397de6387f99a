-- The shared ratings as one table: movie, source, value, lowest, highest, votes, panel.
-- A movie is known by its IMDb id where there is one; a Rotten Tomatoes film belongs to the one film of the same
-- folded title and year, and stands alone where there is none.

CREATE OR REPLACE MACRO folded(title) AS
  regexp_replace(lower(strip_accents(regexp_replace(
    replace(title, '&', ' and '), '^(.*), (The|A|An|Les|La|Le|L''|Il|El|Der|Die|Das)$', '\2 \1'))), '[^a-z0-9]+', '', 'g');

CREATE TABLE imdb AS
  SELECT b.tconst AS movie, primaryTitle AS title, startYear::INT AS year, averageRating AS value, numVotes AS votes
  FROM read_csv($data || '/imdb/title.basics.tsv.gz', delim = '\t', quote = '', nullstr = '\N', header = true,
                types = {'startYear': 'INT'}) b
  LEFT JOIN read_csv($data || '/imdb/title.ratings.tsv.gz', delim = '\t', quote = '', header = true) r
    ON r.tconst = b.tconst;

CREATE TABLE links AS
  SELECT movieId AS id, 'tt' || lpad(imdbId, 7, '0') AS movie, tmdbId AS tmdb
  FROM read_csv($data || '/movielens/links.csv', all_varchar = true);

CREATE TABLE movielens AS
  SELECT movie, regexp_extract(title, '^(.*?)( \(.*)? \((\d{4})\)\s*$', 1) AS title,
         try_cast(regexp_extract(title, '\((\d{4})\)\s*$', 1) AS INT) AS year, id
  FROM read_csv($data || '/movielens/movies.csv', all_varchar = true) m JOIN links ON id = movieId;

CREATE TABLE stars AS
  SELECT movie, userId::BIGINT AS viewer, rating::DOUBLE AS value,
         row_number() OVER (PARTITION BY movie ORDER BY "timestamp"::BIGINT, userId::BIGINT) AS place
  FROM read_csv($data || '/movielens/ratings.csv', all_varchar = true) JOIN links ON id = movieId;

CREATE TABLE kaggle AS
  SELECT coalesce(links.movie, imdb_id, 'tmdb' || k.id) AS movie, any_value(title) AS title,
         any_value(try_cast(left(release_date, 4) AS INT)) AS year,
         max(try_cast(vote_average AS DOUBLE)) AS value, max(try_cast(vote_count AS DOUBLE)::BIGINT) AS votes
  FROM read_csv($data || '/kaggle/movies_metadata.csv', all_varchar = true) k LEFT JOIN links ON links.tmdb = k.id
  GROUP BY 1;

CREATE TABLE named AS
  SELECT key, year, any_value(movie) AS movie
  FROM (SELECT DISTINCT movie, folded(title) AS key, year FROM (
          SELECT movie, title, year FROM imdb UNION ALL SELECT movie, title, year FROM movielens
          UNION ALL SELECT movie, title, year FROM kaggle))
  WHERE key <> '' GROUP BY key, year HAVING count(DISTINCT movie) = 1;

CREATE TABLE listing AS
  SELECT key, year, any_value(url) AS url,
         any_value(try_cast(replace(critic_score, '%', '') AS DOUBLE)) AS critics,
         any_value(try_cast(replace(audience_score, '%', '') AS DOUBLE)) AS audience
  FROM (SELECT *, folded(title) AS key, try_cast(regexp_extract(release_date, '\d{4}') AS INT) AS year
        FROM read_json($data || '/rottentomatoes/movie_info.json'))
  GROUP BY key, year HAVING count(*) = 1;

CREATE TABLE tomatoes AS
  SELECT coalesce(movie, url) AS movie, critics, audience FROM listing LEFT JOIN named USING (key, year);

CREATE TABLE others AS
  SELECT movie, 'imdb' AS source, value, 1.0 AS lowest, 10.0 AS highest, votes, 'audience' AS panel
  FROM imdb WHERE value IS NOT NULL
  UNION ALL
  SELECT movie, 'tmdb', value, 0.0, 10.0, votes, 'audience' FROM kaggle WHERE votes > 0
  UNION ALL
  SELECT movie, 'rottentomatoes', critics, 0.0, 100.0, NULL, 'critics' FROM tomatoes WHERE critics IS NOT NULL
  UNION ALL
  SELECT movie, 'rottentomatoes_audience', audience, 0.0, 100.0, NULL, 'audience'
  FROM tomatoes WHERE audience IS NOT NULL;

-- The shared genre labels as one table `labels`: movie, source, label. Films of the rating tables' ids, and Wikipedia's
-- where one film of that folded title and year is known.

CREATE TABLE wikipedia AS
  SELECT n.movie, w.genres
  FROM (SELECT folded(title) AS key, year::INT AS year, any_value(genres) AS genres
        FROM read_json($data || '/wikipedia/movies.jsonl', columns = {title: 'VARCHAR', year: 'INT', genres: 'VARCHAR[]'})
        GROUP BY 1, 2 HAVING count(*) = 1) w JOIN named n USING (key, year);

CREATE TABLE labels AS
  SELECT tconst AS movie, 'imdb' AS source, unnest(string_split(genres, ',')) AS label
  FROM read_csv($data || '/imdb/title.basics.tsv.gz', delim = '\t', quote = '', nullstr = '\N', header = true, all_varchar = true)
  UNION
  SELECT movie, 'movielens', unnest(string_split(genres, '|'))
  FROM read_csv($data || '/movielens/movies.csv', all_varchar = true) m JOIN links ON id = movieId
  WHERE genres <> '(no genres listed)'
  UNION
  SELECT coalesce(links.movie, imdb_id, 'tmdb' || k.id), 'kaggle', unnest(regexp_extract_all(genres, '''name'': ''([^'']+)''', 1))
  FROM read_csv($data || '/kaggle/movies_metadata.csv', all_varchar = true) k LEFT JOIN links ON links.tmdb = k.id
  UNION
  SELECT movie, 'wikipedia', unnest(genres) FROM wikipedia;

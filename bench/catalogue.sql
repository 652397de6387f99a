-- What bench_catalogue.py asks of a settled catalogue. `members` (source, key, cluster), `match_features` (MATCH_FEATURES rows),
-- `known_kaggle_movielens`, `known_movielens_imdb`, `known_kaggle_imdb` (left, right keys).

-- section: clusters
-- By MovieLens film: its Kaggle and IMDb records as known and as clustered. One that has neither is no cluster.
WITH truth AS (
  SELECT m."left" AS film, k."left" AS kaggle, m."right" AS imdb
  FROM known_movielens_imdb m JOIN known_kaggle_movielens k ON k."right" = m."left"),
found AS (
  SELECT m.key AS film, min(CASE WHEN o.source = 'kaggle' THEN o.key END) AS kaggle,
         min(CASE WHEN o.source = 'imdb' THEN o.key END) AS imdb
  FROM members m JOIN members o ON o.cluster = m.cluster WHERE m.source = 'movielens' GROUP BY m.key)
SELECT count(*) FILTER (coalesce(t.kaggle, t.imdb) IS NOT NULL
                        AND t.kaggle IS NOT DISTINCT FROM f.kaggle AND t.imdb IS NOT DISTINCT FROM f.imdb) AS good,
       count(*) FILTER (coalesce(f.kaggle, f.imdb) IS NOT NULL) AS made,
       count(*) FILTER (coalesce(t.kaggle, t.imdb) IS NOT NULL) AS known
FROM truth t JOIN found f ON f.film = t.film

-- section: films
SELECT source, key, year, [f.squeezed for f in forms] AS titles, list_distinct([n.name for n in names]) AS names
FROM match_features WHERE source IN ('imdb', 'kaggle', 'wikipedia')

-- section: wikipedia_imdb
-- Of the films that Wikipedia and IMDb have together: whose years are more than one apart, and whose director is cast.
SELECT count(*) AS pairs, count(*) FILTER (abs(w.year - i.year) > 1) AS far, count(*) FILTER (list_has_any(w.names, i.names)) AS named
FROM members mw JOIN members mi ON mi.cluster = mw.cluster AND mi.source = 'imdb'
JOIN films w ON w.source = 'wikipedia' AND w.key = mw.key
JOIN films i ON i.source = 'imdb' AND i.key = mi.key
WHERE mw.source = 'wikipedia'

-- section: by_two_names
-- Wikipedia's films told by title, year and two names of the cast as Kaggle's with credits, whose IMDb ids are known:
-- how many are with that IMDb record, and how many with another.
SELECT count(*) AS known, count(*) FILTER (mi.key = k.imdb) AS good, count(*) FILTER (mi.key <> k.imdb) AS bad
FROM (SELECT w.key, any_value(known."right") AS imdb
      FROM films w JOIN films a ON a.source = 'kaggle' AND abs(a.year - w.year) <= 1 AND list_has_any(a.titles, w.titles)
       AND len(list_intersect(a.names, w.names)) >= 2
      JOIN known_kaggle_imdb known ON known."left" = a.key AND known."right" IS NOT NULL
      WHERE w.source = 'wikipedia' GROUP BY w.key HAVING count(DISTINCT known."right") = 1) k
JOIN members mw ON mw.source = 'wikipedia' AND mw.key = k.key
LEFT JOIN members mi ON mi.cluster = mw.cluster AND mi.source = 'imdb'

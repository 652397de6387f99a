-- Genre labels -> each source's evidence on every genre of a film, as short patterns, and how many films have each.
-- Only films that two sources could label are learned from: films that only one source lists are of a different kind
-- (IMDb's are short and animated more often), and would look like its false alarms.
-- In: genre_labels (movie, source, label); genre_meanings (source, label, genre, facet, parts), where a composite has
-- one row per part; genre_limits (source, most). A source without a label for a genre cannot say it.
-- {codes} is one column s0, s1, … per source: s said, n not said, f not said but its list is full, u unknown.

-- name: genre_meant
SELECT DISTINCT l.movie, l.source, l.label, m.genre, m.parts
FROM genre_labels l JOIN genre_meanings m ON m.source = l.source AND m.label = l.label

-- name: genre_lists
SELECT l.movie, l.source, CASE WHEN COUNT(DISTINCT l.label) >= MAX(m.most) THEN 'f' ELSE 'n' END AS code
FROM genre_labels l LEFT JOIN genre_limits m ON m.source = l.source
GROUP BY l.movie, l.source

-- name: genre_films
SELECT movie, {lists} FROM genre_lists GROUP BY movie

-- name: genre_parts
SELECT movie, source, genre, MIN(parts) AS parts FROM genre_meant GROUP BY movie, source, genre

-- name: genre_named
SELECT movie, genre, {said} FROM genre_parts GROUP BY movie, genre

-- name: genre_able
SELECT genre, {able} FROM genre_meanings GROUP BY genre

-- name: genre_seen
SELECT n.movie, n.genre, {pattern} AS pattern, {silence} AS silence
FROM genre_named n JOIN genre_films f ON f.movie = n.movie JOIN genre_able a ON a.genre = n.genre

-- name: genre_silences
SELECT a.genre, {silence} AS silence, SUM(f.films) AS films
FROM (SELECT {columns}, COUNT(*) AS films FROM genre_films GROUP BY {columns}) f CROSS JOIN genre_able a
GROUP BY 1, 2

-- name: genre_broken_silences
SELECT genre, silence, COUNT(*) AS films FROM genre_seen GROUP BY genre, silence

-- name: genre_counts
SELECT genre, pattern, CAST(SUM(films) AS BIGINT) AS films FROM (
  SELECT genre, pattern, COUNT(*) AS films FROM genre_seen GROUP BY genre, pattern
  UNION ALL
  SELECT s.genre, s.silence, s.films - COALESCE(b.films, 0)
  FROM genre_silences s LEFT JOIN genre_broken_silences b ON b.genre = s.genre AND b.silence = s.silence) c
WHERE LENGTH(REPLACE(pattern, 'u', '')) > 1
GROUP BY genre, pattern HAVING SUM(films) > 0 ORDER BY genre, pattern

-- name: genre_likely
SELECT s.movie, s.genre, p.probability, s.pattern LIKE '%s%' AND s.pattern NOT LIKE '%n%' AND s.pattern NOT LIKE '%f%' AS unopposed
FROM genre_seen s JOIN genre_posterior p
ON p.genre = s.genre AND p.pattern = s.pattern

-- name: genre_composites
SELECT m.movie, m.source, m.label, 1 - EXP(SUM(LN(1 - l.probability))) AS any_of_them
FROM genre_meant m JOIN genre_likely l ON l.movie = m.movie AND l.genre = m.genre
WHERE m.parts > 1 GROUP BY m.movie, m.source, m.label

-- name: genre_labelled
SELECT m.movie, m.genre, MIN(c.any_of_them) AS any_of_them
FROM genre_meant m JOIN genre_composites c ON c.movie = m.movie AND c.source = m.source AND c.label = m.label
GROUP BY m.movie, m.genre

-- name: genre_truth
SELECT movie, genre, facet, millionths, unopposed OR millionths >= {shown} AS shown
FROM (
  SELECT l.movie, l.genre, f.facet, l.unopposed,
         CAST(ROUND(1000000 * (l.probability + COALESCE({trust} * (l.probability / t.any_of_them - l.probability), 0)))
              AS BIGINT) AS millionths
  FROM genre_likely l
  JOIN (SELECT genre, MIN(facet) AS facet FROM genre_meanings GROUP BY genre) f ON f.genre = l.genre
  LEFT JOIN genre_labelled t ON t.movie = l.movie AND t.genre = l.genre) g

-- Films that a reader would doubt, from `live` (RECORD columns) and `members` (source, key, movie).

-- name: shown
-- What is needed of each record: its year, its title folded to letters and digits.
SELECT m.movie, l.source, l.key, l.title, coalesce(l.year, year(l.released)) AS year,
       lower(regexp_replace(strip_accents(l.title), '[^\pL\pN]', '', 'g')) AS folded
FROM live l JOIN members m ON m.source = l.source AND m.key = l.key

-- name: namesakes
-- The records of films that share title and year with another film, and who made them: few of all.
SELECT s.movie, s.source, s.key, s.year, s.folded,
       list_sort(list_distinct([lower(strip_accents(p.name)) FOR p IN l.people IF p.role = 'director'])) AS directors,
       list_sort(list_distinct([lower(strip_accents(p.name)) FOR p IN l.people IF p.role = 'actor'])) AS actors,
       [concat_ws(' ', r.rater, r.panel, r.aspect, r.value) FOR r IN l.ratings IF r.value IS NOT NULL] AS scores
FROM shown s
JOIN (SELECT folded, year FROM shown WHERE folded <> '' GROUP BY folded, year HAVING min(movie) < max(movie)) g
  ON g.folded = s.folded AND g.year IS NOT DISTINCT FROM s.year
JOIN live l ON l.source = s.source AND l.key = s.key

-- name: years_apart
-- Films whose records lie {years} years apart or more.
SELECT 'years apart' AS reason, [movie] AS movies, max(year) - min(year) AS weight
FROM shown GROUP BY movie HAVING max(year) - min(year) >= {years}

-- name: same_people
-- Two films of one title and year that share a director or two actors.
SELECT 'same people' AS reason, [a.movie, b.movie] AS movies,
       max(10 * len(list_intersect(a.directors, b.directors)) + len(list_intersect(a.actors, b.actors))) AS weight
FROM namesakes a JOIN namesakes b ON b.folded = a.folded AND b.year = a.year AND a.movie < b.movie
WHERE (len(list_intersect(a.directors, b.directors)) > 0 OR len(list_intersect(a.actors, b.actors)) > 1)
GROUP BY a.movie, b.movie

-- name: twins
-- Two films of which one source has rows of one title and year with the same two ratings or more.
SELECT 'twins' AS reason, [a.movie, b.movie] AS movies, max(len(a.scores)) AS weight
FROM namesakes a JOIN namesakes b ON b.source = a.source AND b.folded = a.folded AND b.year IS NOT DISTINCT FROM a.year
 AND a.movie < b.movie AND b.scores = a.scores
WHERE len(a.scores) > 1
GROUP BY a.movie, b.movie

-- name: suspicious
SELECT s.reason, s.movies, s.weight,
       (SELECT list({'movie': w.movie, 'source': w.source, 'key': w.key, 'title': w.title, 'year': w.year} ORDER BY w.movie, w.source, w.key)
        FROM shown w WHERE list_contains(s.movies, w.movie)) AS records
FROM found s ORDER BY reason, weight DESC, movies LIMIT {most}

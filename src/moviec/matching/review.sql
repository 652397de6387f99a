-- What a person should look at. For records without a match: reads `pairs` (SETTLED_PAIRS), `members` (source, key, cluster,
-- method), `decisions` (DECISIONS) and `bands` (one row: accept, a probability, and likely, the weight at which a pair
-- without rivals reaches it). For doubtful films: reads `live` (RECORD columns) and `members` (source, key, movie).

-- name: reason
-- Why a pair `n` was not taken, under the bands `b`; `r` has the record in its way.
CASE WHEN n.contradiction IS NOT NULL THEN n.contradiction
     WHEN r.rival_key IS NOT NULL THEN 'taken'
     WHEN n.probability >= b.accept THEN 'does not fit the rest of the film'
     WHEN n.weight >= b.likely THEN 'several fit'
     ELSE 'not likely enough' END

-- name: sides
-- Every pair from both ends, with the latest verdict on it.
SELECT p.left_source AS source, p.left_key AS key, p.right_source AS other_source, p.right_key AS other_key,
       p.weight, p.contradiction, p.probability, p.band FROM pairs p
UNION ALL
SELECT p.right_source, p.right_key, p.left_source, p.left_key,
       p.weight, p.contradiction, p.probability, p.band FROM pairs p

-- name: apart
SELECT left_source AS source, left_key AS key, right_source AS other_source, right_key AS other_key
FROM decisions WHERE NOT same
UNION
SELECT right_source, right_key, left_source, left_key FROM decisions WHERE NOT same

-- name: nearest
-- The heaviest pair of each unmatched record.
SELECT * FROM (
  SELECT s.*, row_number() OVER (PARTITION BY s.source, s.key ORDER BY s.weight DESC, s.other_source, s.other_key) AS place
  FROM sides s JOIN members m ON m.source = s.source AND m.key = s.key
  WHERE m.method = 'alone') ranked
WHERE place = 1

-- name: rivals
-- The record of the same source in the nearest record's film.
SELECT n.source, n.key, min(r.key) AS rival_key
FROM nearest n
JOIN members o ON o.source = n.other_source AND o.key = n.other_key
JOIN members r ON r.cluster = o.cluster AND r.source = n.source
GROUP BY n.source, n.key

-- name: unmatched
SELECT m.source, m.key, n.other_source, n.other_key, n.weight, n.probability, n.band,
       CASE WHEN n.source IS NULL THEN 'nothing near'
            WHEN a.source IS NOT NULL THEN 'decided'
            ELSE {reason} END AS reason,
       r.rival_key
FROM members m
CROSS JOIN bands b
LEFT JOIN nearest n ON n.source = m.source AND n.key = m.key
LEFT JOIN apart a ON a.source = n.source AND a.key = n.key AND a.other_source = n.other_source AND a.other_key = n.other_key
LEFT JOIN rivals r ON r.source = m.source AND r.key = m.key
WHERE m.method = 'alone'
ORDER BY m.source, m.key

-- name: shares
SELECT m.source, count(*) AS records,
       CAST(sum(CASE WHEN m.method = 'id' THEN 1 ELSE 0 END) AS BIGINT) AS by_id,
       CAST(sum(CASE WHEN m.method = 'match' THEN 1 ELSE 0 END) AS BIGINT) AS by_match,
       CAST(sum(CASE WHEN m.method = 'decision' THEN 1 ELSE 0 END) AS BIGINT) AS by_decision,
       CAST(sum(CASE WHEN m.method = 'alone' AND v.source IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS in_review,
       CAST(sum(CASE WHEN m.method = 'alone' AND v.source IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS alone
FROM members m
LEFT JOIN (SELECT DISTINCT source, key FROM sides WHERE band = 'review') v ON v.source = m.source AND v.key = m.key
GROUP BY m.source
ORDER BY m.source

-- name: in_the_way
-- The record of one end's source in the other end's film.
SELECT p.left_source, p.left_key, p.right_source, p.right_key, min(o.source || ':' || o.key) AS rival_key
FROM pairs p
JOIN members l ON l.source = p.left_source AND l.key = p.left_key
JOIN members r ON r.source = p.right_source AND r.key = p.right_key
JOIN members o ON (o.cluster = r.cluster AND o.source = l.source) OR (o.cluster = l.cluster AND o.source = r.source)
GROUP BY p.left_source, p.left_key, p.right_source, p.right_key

-- name: waiting
SELECT n.left_source, n.left_key, n.right_source, n.right_key, {reason} AS reason, r.rival_key AS rival
FROM pairs n
CROSS JOIN bands b
LEFT JOIN in_the_way r ON r.left_source = n.left_source AND r.left_key = n.left_key
 AND r.right_source = n.right_source AND r.right_key = n.right_key

-- name: shown
-- What is needed of each record: its year, its title folded to letters and digits.
SELECT m.movie, l.source, l.key, l.title, coalesce(l.year, year(l.released)) AS year,
       lower(regexp_replace(strip_accents(l.title), '[^\pL\pN]', '', 'g')) AS folded
FROM live l JOIN members m ON m.source = l.source AND m.key = l.key

-- name: alike
-- The records of films that share title and year with another film: few.
SELECT s.movie, s.source, s.key, s.year, s.folded
FROM shown s
JOIN (SELECT folded, year FROM shown WHERE folded <> '' GROUP BY folded, year HAVING min(movie) < max(movie)) g
  ON g.folded = s.folded AND g.year IS NOT DISTINCT FROM s.year

-- name: namesakes
-- The same with who made the films; `live` need only have these records now.
SELECT s.movie, s.source, s.key, s.year, s.folded,
       list_sort(list_distinct([lower(strip_accents(p.name)) FOR p IN l.people IF p.role = 'director'])) AS directors,
       list_sort(list_distinct([lower(strip_accents(p.name)) FOR p IN l.people IF p.role = 'actor'])) AS actors,
       [concat_ws(' ', r.rater, r.panel, r.aspect, r.value) FOR r IN l.ratings IF r.value IS NOT NULL] AS scores
FROM alike s JOIN live l ON l.source = s.source AND l.key = s.key

-- name: years_apart
-- Films whose records are {years} years apart or more.
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
-- Two films for which one source has rows of one title and year with the same two ratings or more.
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

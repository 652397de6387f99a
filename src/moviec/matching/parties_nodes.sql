-- What may be one party, before anything is joined. Reads `party_credits` (movie, source, key, name, role, year),
-- `party_spellings` (name, folded, short, given), `party_spaces` (source, space) and `party_limits` (one row: films,
-- gap, hole, career) and `party_studios` (folded: names that mean one studio whatever a film lists).
-- Each section is a table kept under its name after "party_".

-- name: named
-- Without a key a credit belongs to no space.
SELECT c.movie, c.source, c.role, c.name, s.folded, s.short, s.given, coalesce(c.key, '') AS key,
       CASE WHEN c.key IS NULL THEN '' ELSE coalesce(p.space, c.source) END AS space, min(c.year) AS year
FROM party_credits c
JOIN party_spellings s ON s.name = c.name
LEFT JOIN party_spaces p ON p.source = c.source
GROUP BY c.movie, c.source, c.role, c.name, s.folded, s.short, s.given, c.key, p.space

-- name: nodes
SELECT CAST(row_number() OVER (ORDER BY space, key, folded) - 1 AS BIGINT) AS n, space, key, folded
FROM (SELECT DISTINCT space, key, folded FROM party_named WHERE key <> '')

-- name: keyed
SELECT DISTINCT c.movie, c.role, c.folded, c.short, c.given, c.space, c.key, n.n
FROM party_named c
JOIN party_nodes n ON n.space = c.space AND n.key = c.key AND n.folded = c.folded

-- name: same_key
SELECT l, n AS r FROM (SELECT n, min(n) OVER (PARTITION BY space, key) AS l FROM party_nodes) WHERE l < n

-- name: same_name
SELECT l, n AS r FROM (SELECT n, min(n) OVER (PARTITION BY folded) AS l FROM party_nodes) WHERE l < n

-- name: rivals
-- Keys of one space and name that one film lists side by side are two parties, unless the name is a studio's.
SELECT DISTINCT k.n AS record, k.space || ' ' || k.folded AS space, k.key AS value
FROM party_keyed k
JOIN (SELECT DISTINCT space, folded FROM
        (SELECT movie, space, folded FROM party_keyed GROUP BY movie, space, folded HAVING min(key) < max(key))) t
  ON t.space = k.space AND t.folded = k.folded
WHERE k.folded NOT IN (SELECT folded FROM party_studios)

-- name: same_film
-- A film speaks for a pair only where each of the two spaces knows one bearer of the name there.
WITH bearer AS (
  SELECT movie, space, folded, min(n) AS n FROM party_keyed GROUP BY movie, space, folded HAVING min(key) = max(key))
SELECT a.n AS l, b.n AS r, count(*) AS films
FROM bearer a
JOIN bearer b ON b.movie = a.movie AND b.folded = a.folded AND a.space < b.space
GROUP BY a.n, b.n

-- name: like_named
-- Other spellings: in one role of one film, the one name of its short form in either space.
WITH bearer AS (
  SELECT movie, role, space, short, min(n) AS n, min(folded) AS folded, min(given) AS given
  FROM party_keyed WHERE short IS NOT NULL GROUP BY movie, role, space, short HAVING min(key) = max(key))
SELECT a.n AS l, b.n AS r, count(DISTINCT a.movie) AS films
FROM bearer a
JOIN bearer b ON b.movie = a.movie AND b.role = a.role AND b.short = a.short AND a.space < b.space
CROSS JOIN party_limits
WHERE a.folded <> b.folded AND (a.given = b.given OR length(a.given) = 1 OR length(b.given) = 1)
GROUP BY a.n, b.n HAVING count(DISTINCT a.movie) >= max(party_limits.films)

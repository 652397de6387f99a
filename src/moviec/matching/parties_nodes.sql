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

-- name: trades
-- What each keyed node does: as its key has it, and as those without keys say of the name in its films.
SELECT DISTINCT n, space, key, folded, CASE WHEN role IN ('director', 'writer', 'producer') THEN 'maker' ELSE role END AS trade
FROM (SELECT n, space, key, folded, role FROM party_keyed WHERE short IS NOT NULL
      UNION ALL
      SELECT k.n, k.space, k.key, k.folded, c.role
      FROM party_keyed k JOIN party_named c ON c.movie = k.movie AND c.folded = k.folded AND c.key = ''
      WHERE k.short IS NOT NULL) t
WHERE role <> ''

-- name: same_career
-- Without a shared film: in two spaces the only ones of a full name and trade, whose years one career can hold.
WITH worker AS (
  SELECT space, folded, trade, min(n) AS n FROM party_trades GROUP BY space, folded, trade HAVING min(key) = max(key)),
active AS (
  SELECT d.n, min(c.year) AS first, max(c.year) AS last
  FROM party_nodes d JOIN party_named c ON c.space = d.space AND c.key = d.key AND c.folded = d.folded GROUP BY d.n),
met AS (
  SELECT DISTINCT a.n AS l, b.n AS r, a.space AS left_space, b.space AS right_space
  FROM worker a JOIN worker b ON b.folded = a.folded AND b.trade = a.trade AND a.space < b.space),
lone AS (
  SELECT l, r, count(*) OVER (PARTITION BY l, right_space) AS of_left, count(*) OVER (PARTITION BY r, left_space) AS of_right
  FROM met)
SELECT m.l, m.r
FROM lone m
JOIN active a ON a.n = m.l
JOIN active b ON b.n = m.r
CROSS JOIN party_limits
WHERE m.of_left = 1 AND m.of_right = 1
  AND coalesce(greatest(a.last, b.last) - least(a.first, b.first) <= career, true)
  AND coalesce(greatest(a.first - b.last, b.first - a.last) < hole, true)

-- Which party each credit belongs to, once the keyed nodes are clustered: reads the tables of parties_nodes.sql and
-- `party_clusters` (n, party). Each section up to `placed` is a table kept under its name after "party_"; the last four are the
-- tables of `Parties` and, in no order, the credits with their parties.

-- name: bearers
SELECT DISTINCT k.movie, k.role, k.folded, k.short, k.given, c.party
FROM party_keyed k JOIN party_clusters c ON c.n = k.n

-- name: by_name
-- A credit without a key is the one keyed bearer of its name in the film.
SELECT c.movie, c.folded, min(b.party) AS party
FROM (SELECT DISTINCT movie, folded FROM party_named WHERE key = '') c
JOIN party_bearers b ON b.movie = c.movie AND b.folded = c.folded
GROUP BY c.movie, c.folded HAVING min(b.party) = max(b.party)

-- name: by_spelling
-- Without one it is the one keyed bearer of another spelling in its role there.
SELECT c.movie, c.folded, min(b.party) AS party
FROM party_named c
JOIN party_bearers b ON b.movie = c.movie AND b.role = c.role AND b.short = c.short
LEFT JOIN party_by_name f ON f.movie = c.movie AND f.folded = c.folded
WHERE c.key = '' AND f.party IS NULL AND b.folded <> c.folded
  AND (b.given = c.given OR length(b.given) = 1 OR length(c.given) = 1)
GROUP BY c.movie, c.folded HAVING min(b.party) = max(b.party)

-- name: spellings_known
SELECT folded, party FROM party_by_spelling CROSS JOIN party_limits
GROUP BY folded, party HAVING count(DISTINCT movie) >= max(party_limits.films)

-- name: by_film
SELECT movie, folded, party FROM party_by_name
UNION ALL SELECT s.movie, s.folded, s.party
FROM party_by_spelling s JOIN party_spellings_known k ON k.folded = s.folded AND k.party = s.party

-- name: bearers_trades
-- Who is known by each name, and by which trade: as keys say, and as films place those without.
SELECT DISTINCT folded, party, CASE WHEN role IN ('director', 'writer', 'producer') THEN 'maker' ELSE role END AS trade FROM (
  SELECT folded, role, party FROM party_bearers
  UNION ALL
  SELECT f.folded, c.role, f.party
  FROM party_by_film f JOIN party_named c ON c.movie = f.movie AND c.folded = f.folded AND c.key = '') t

-- name: unplaced
-- The trades of the names that no film places.
SELECT DISTINCT c.folded, CASE WHEN c.role IN ('director', 'writer', 'producer') THEN 'maker' ELSE c.role END AS trade
FROM party_named c LEFT JOIN party_by_film f ON f.movie = c.movie AND f.folded = c.folded
WHERE c.key = '' AND f.party IS NULL

-- name: only
-- Names that one party alone is known by; and of several the one that alone has the trade of those whom no film places.
WITH known AS (
  SELECT folded, party FROM party_bearers UNION SELECT folded, party FROM party_spellings_known),
alone AS (SELECT folded, min(party) AS party FROM known GROUP BY folded HAVING min(party) = max(party))
SELECT folded, party FROM alone
UNION ALL
SELECT u.folded, min(t.party)
FROM party_unplaced u
JOIN (SELECT folded FROM party_unplaced GROUP BY folded HAVING min(trade) = max(trade)) o ON o.folded = u.folded
JOIN party_bearers_trades t ON t.folded = u.folded AND t.trade = u.trade
WHERE u.trade <> '' AND u.folded NOT IN (SELECT folded FROM alone)
GROUP BY u.folded HAVING min(t.party) = max(t.party)

-- name: mostly
-- Whom a name stands for in most of the films that place it.
SELECT folded, party FROM (
  SELECT folded, party, row_number() OVER (PARTITION BY folded ORDER BY count(*) DESC, party) AS place
  FROM party_by_film GROUP BY folded, party)
WHERE place = 1

-- name: keyless
-- Names without a key. One that films always place goes with them, so that its id lives on there; else it goes to the
-- only party of that name, else it is a party of its own.
SELECT w.folded,
       CASE WHEN w.unplaced = 0 THEN m.party
            ELSE coalesce(o.party, k.nodes + row_number() OVER (ORDER BY w.folded) - 1) END AS party
FROM (SELECT c.folded, sum(CASE WHEN f.party IS NULL THEN 1 ELSE 0 END) AS unplaced
      FROM party_named c LEFT JOIN party_by_film f ON f.movie = c.movie AND f.folded = c.folded
      WHERE c.key = '' GROUP BY c.folded) w
LEFT JOIN party_mostly m ON m.folded = w.folded
LEFT JOIN party_only o ON o.folded = w.folded
CROSS JOIN (SELECT count(*) AS nodes FROM party_nodes) k

-- name: loose
-- Credits without a key that no film places: they go by their name, as far as one career goes.
SELECT c.folded, c.movie, c.year
FROM party_named c LEFT JOIN party_by_film f ON f.movie = c.movie AND f.folded = c.folded
WHERE c.key = '' AND f.party IS NULL AND c.year IS NOT NULL

-- name: years
-- The years of a name's loose credits, and of the credits with keys of the only party of that name.
SELECT folded, year, max(keyed) AS keyed FROM (
  SELECT folded, year, 0 AS keyed FROM party_loose
  UNION ALL
  SELECT o.folded, n.year, 1
  FROM (SELECT DISTINCT folded FROM party_loose) l
  JOIN party_only o ON o.folded = l.folded
  JOIN party_clusters p ON p.party = o.party
  JOIN party_nodes d ON d.n = p.n
  JOIN party_named n ON n.space = d.space AND n.key = d.key AND n.folded = d.folded
  WHERE n.year IS NOT NULL) y
GROUP BY folded, year

-- name: strangers
-- Names whose loose credits are many and of a trade that the only party of the name has nowhere: an actor of a director's name.
SELECT l.folded FROM party_loose l
JOIN party_only o ON o.folded = l.folded
CROSS JOIN party_limits m
WHERE NOT EXISTS (
  SELECT 1 FROM party_unplaced u JOIN party_bearers_trades t ON t.folded = u.folded AND t.trade = u.trade
  WHERE u.folded = l.folded AND t.party = o.party)
GROUP BY l.folded HAVING count(DISTINCT l.movie) >= max(m.stranger_films)

-- name: stretches
-- Which career of a name each year belongs to: another begins after a gap that no career has, after the longest gap
-- where all years together span more than a career, and after a shorter one between a party and a stranger.
SELECT y.folded, y.year, y.keyed,
       sum(CASE WHEN y.gap >= m.gap OR (y.gap >= m.hole AND y.span > m.career AND y.gap = y.longest)
                  OR (y.gap >= m.stranger_gap AND y.keyed <> y.keyed_before AND s.folded IS NOT NULL) THEN 1 ELSE 0 END)
         OVER (PARTITION BY y.folded ORDER BY y.year) AS stretch
FROM (SELECT g.*, max(gap) OVER (PARTITION BY folded) AS longest FROM (
        SELECT folded, year, keyed, year - lag(year) OVER (PARTITION BY folded ORDER BY year) AS gap,
               lag(keyed) OVER (PARTITION BY folded ORDER BY year) AS keyed_before,
               max(year) OVER (PARTITION BY folded) - min(year) OVER (PARTITION BY folded) AS span
        FROM party_years) g) y
CROSS JOIN party_limits m
LEFT JOIN party_strangers s ON s.folded = y.folded

-- name: careers
-- A career with a key is the party's; without any the one with most films is the name's own, the first of several alike.
SELECT folded, stretch, keyed,
       row_number() OVER (PARTITION BY folded ORDER BY keyed DESC, films DESC, stretch) AS place,
       count(*) OVER (PARTITION BY folded) AS careers, max(keyed) OVER (PARTITION BY folded) AS any_keyed
FROM (SELECT y.folded, y.stretch, max(y.keyed) AS keyed, count(DISTINCT l.movie) AS films
      FROM party_stretches y LEFT JOIN party_loose l ON l.folded = y.folded AND l.year = y.year
      GROUP BY y.folded, y.stretch) s

-- name: apart
-- The others are people of their own.
SELECT c.folded, c.stretch, k.taken + row_number() OVER (ORDER BY c.folded, c.stretch) - 1 AS party
FROM party_careers c
CROSS JOIN (SELECT (SELECT count(*) FROM party_nodes) + (SELECT count(*) FROM party_keyless) AS taken) k
WHERE c.keyed = 0 AND c.place > 1

-- name: decades
-- What the careers of a name without a key are known by in the ledger: the decades in which they have films.
SELECT DISTINCT y.folded, CAST(CAST(floor(y.year / 10) * 10 AS INT) AS STRING) AS decade, coalesce(a.party, o.party) AS party
FROM party_careers c
JOIN party_stretches y ON y.folded = c.folded AND y.stretch = c.stretch
JOIN party_keyless o ON o.folded = c.folded
LEFT JOIN party_apart a ON a.folded = c.folded AND a.stretch = c.stretch
WHERE c.careers > 1 AND (a.party IS NOT NULL OR c.any_keyed = 0)

-- name: placed
SELECT c.movie, c.source, c.space, c.key, c.role, c.name, c.folded, c.short, c.year,
       coalesce(g.party, f.party, e.party, o.party) AS party
FROM party_named c
LEFT JOIN (SELECT n.space, n.key, n.folded, p.party FROM party_nodes n JOIN party_clusters p ON p.n = n.n) g
  ON g.space = c.space AND g.key = c.key AND g.folded = c.folded
LEFT JOIN party_by_film f ON c.key = '' AND f.movie = c.movie AND f.folded = c.folded
LEFT JOIN (SELECT y.folded, y.year, a.party FROM party_stretches y
           JOIN party_apart a ON a.folded = y.folded AND a.stretch = y.stretch) e
  ON c.key = '' AND e.folded = c.folded AND e.year = c.year
LEFT JOIN party_keyless o ON c.key = '' AND o.folded = c.folded

-- name: nodes
SELECT n.space, n.key, n.folded AS name, c.party FROM party_nodes n JOIN party_clusters c ON c.n = n.n
UNION ALL SELECT '', '', folded, party FROM party_keyless
UNION ALL SELECT '', decade, folded, party FROM party_decades
ORDER BY 1, 2, 3

-- name: credits
SELECT movie, source, role, key, name, folded, coalesce(short, '') AS short, party, year FROM party_placed

-- name: names
SELECT party, name, films,
       row_number() OVER (PARTITION BY party ORDER BY films DESC, name) = 1 AS main
FROM (SELECT party, name, count(DISTINCT movie) AS films FROM party_placed GROUP BY party, name)
ORDER BY party, films DESC, name

-- name: keys
SELECT DISTINCT party, space, key FROM party_placed WHERE key <> '' ORDER BY party, space, key

-- Which party each credit belongs to, once the keyed nodes are clustered: reads the tables of parties_nodes.sql and
-- `party_clusters` (n, party). Each section is a table kept under its name after "party_".

-- section: bearers
SELECT DISTINCT k.movie, k.role, k.folded, k.short, k.given, c.party
FROM party_keyed k JOIN party_clusters c ON c.n = k.n

-- section: by_name
-- A credit without a key is the one keyed bearer of its name in the film.
SELECT c.movie, c.folded, min(b.party) AS party
FROM (SELECT DISTINCT movie, folded FROM party_named WHERE key = '') c
JOIN party_bearers b ON b.movie = c.movie AND b.folded = c.folded
GROUP BY c.movie, c.folded HAVING min(b.party) = max(b.party)

-- section: by_spelling
-- Without one it is the one keyed bearer of another spelling in its role there.
SELECT c.movie, c.folded, min(b.party) AS party
FROM party_named c
JOIN party_bearers b ON b.movie = c.movie AND b.role = c.role AND b.short = c.short
LEFT JOIN party_by_name f ON f.movie = c.movie AND f.folded = c.folded
WHERE c.key = '' AND f.party IS NULL AND b.folded <> c.folded
  AND (b.given = c.given OR length(b.given) = 1 OR length(c.given) = 1)
GROUP BY c.movie, c.folded HAVING min(b.party) = max(b.party)

-- section: spellings_known
SELECT folded, party FROM party_by_spelling CROSS JOIN party_limits
GROUP BY folded, party HAVING count(DISTINCT movie) >= max(party_limits.films)

-- section: by_film
SELECT movie, folded, party FROM party_by_name
UNION ALL SELECT s.movie, s.folded, s.party
FROM party_by_spelling s JOIN party_spellings_known k ON k.folded = s.folded AND k.party = s.party

-- section: only
-- Names that one party alone is known by.
SELECT folded, min(party) AS party
FROM (SELECT folded, party FROM party_bearers UNION SELECT folded, party FROM party_spellings_known)
GROUP BY folded HAVING min(party) = max(party)

-- section: mostly
-- Whom a name stands for in most of the films that place it.
SELECT folded, party FROM (
  SELECT folded, party, row_number() OVER (PARTITION BY folded ORDER BY count(*) DESC, party) AS place
  FROM party_by_film GROUP BY folded, party)
WHERE place = 1

-- section: keyless
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

-- section: placed
SELECT c.movie, c.source, c.space, c.key, c.role, c.name, c.folded, c.short, coalesce(g.party, f.party, o.party) AS party
FROM party_named c
LEFT JOIN (SELECT n.space, n.key, n.folded, p.party FROM party_nodes n JOIN party_clusters p ON p.n = n.n) g
  ON g.space = c.space AND g.key = c.key AND g.folded = c.folded
LEFT JOIN party_by_film f ON c.key = '' AND f.movie = c.movie AND f.folded = c.folded
LEFT JOIN party_keyless o ON c.key = '' AND o.folded = c.folded

-- The tables of `Parties`, and the party of each credit.

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

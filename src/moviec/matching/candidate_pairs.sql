-- From match features to candidate pairs; candidate_pairs.py lists the order. Reads `match_features` and `changed_records`
-- (source, key), `features_before` (rows of the changed records as they were), `repeating` (sources that hold films twice),
-- `limits` (one row: most_pairs of a block, id_rule, twins_rule), and the flattened `keys` and `keys_before`.

-- name: numbered
-- What is needed of every record: the lake is read for it once.
SELECT CAST(row_number() OVER (ORDER BY s.source, s.key) AS INTEGER) AS n, s.source, s.key,
       s.year, s.released, s.runtime, s.kind, s.scores, s.blocks, a.key IS NOT NULL AS is_changed
FROM match_features s
LEFT JOIN changed_records a ON a.source = s.source AND a.key = s.key

-- name: numbered_all
SELECT CAST(row_number() OVER (ORDER BY source, key) AS INTEGER) AS n, source, key, year, released, runtime, kind, scores, blocks, true AS is_changed
FROM match_features

-- name: sides
-- Sources by number; a negative one may hold a film twice.
SELECT s.source, CASE WHEN r.source IS NULL THEN s.side ELSE -s.side END AS side
FROM (SELECT source, CAST(row_number() OVER (ORDER BY source) AS INTEGER) AS side
      FROM (SELECT source FROM numbered UNION SELECT source FROM features_before) every_source) s
LEFT JOIN repeating r ON r.source = s.source

-- name: sided_keys
-- Under the twins' rule every source may hold a film twice.
SELECT * EXCLUDE (twins_rule) REPLACE (CASE WHEN rule = twins_rule THEN -abs(side) ELSE side END AS side)
FROM {flat} CROSS JOIN (SELECT twins_rule FROM limits)

-- name: nested_keys
SELECT m.n, d.side, m.is_changed, m.blocks AS items FROM numbered m JOIN sides d ON d.source = m.source

-- name: nested_keys_before
SELECT d.side, s.blocks AS items FROM features_before s JOIN sides d ON d.source = s.source

-- name: touched
SELECT block FROM keys WHERE is_changed UNION SELECT block FROM keys_before

-- name: crowds
-- How many records of each source share a touched block, now and before the change.
SELECT rule, block, side, CAST(sum(is_now) AS BIGINT) AS now, CAST(sum(was_there) AS BIGINT) AS before
FROM (
  SELECT k.rule, k.block, k.side, 1 AS is_now, CASE WHEN k.is_changed THEN 0 ELSE 1 END AS was_there
  FROM keys k JOIN touched t ON t.block = k.block
  UNION ALL SELECT rule, block, side, 0, 1 FROM keys_before) together
GROUP BY rule, block, side

-- name: flipped
-- Blocks that the change made too large, or small enough again: all their records are compared again.
SELECT c.block
FROM (SELECT rule, block,
             (sum(now) * sum(now) - sum(CASE WHEN side < 0 THEN now ELSE now * now END)) / 2 AS pairs_now,
             (sum(before) * sum(before) - sum(CASE WHEN side < 0 THEN before ELSE before * before END)) / 2 AS pairs_before
      FROM crowds GROUP BY rule, block) c
CROSS JOIN limits
WHERE c.rule <> id_rule AND (c.pairs_now > most_pairs) <> (c.pairs_before > most_pairs)

-- name: to_match
SELECT DISTINCT k.n FROM keys k LEFT JOIN flipped f ON f.block = k.block WHERE k.is_changed OR f.block IS NOT NULL
UNION SELECT n FROM numbered WHERE is_changed

-- name: keys_to_match
SELECT k.n, k.side, k.rule, k.block FROM keys k JOIN to_match a ON a.n = k.n

-- name: crowds_to_match
-- How many records of each source share a block with a record to match, including that record.
SELECT k.rule, k.block, k.side, count(*) AS films
FROM keys k JOIN (SELECT DISTINCT block FROM keys_to_match) b ON b.block = k.block
GROUP BY k.rule, k.block, k.side

-- name: crowds_of_all
SELECT rule, block, side, count(*) AS films FROM keys GROUP BY rule, block, side

-- name: blocks
-- The blocks of the records to match, and whether they are small enough to be used.
SELECT c.rule, c.block, c.pairs, c.rule = id_rule OR c.pairs <= most_pairs AS used
FROM (SELECT rule, block, CAST((sum(films) * sum(films) - sum(CASE WHEN side < 0 THEN films ELSE films * films END)) / 2 AS BIGINT) AS pairs
      FROM crowds_now
      GROUP BY rule, block) c
CROSS JOIN limits
WHERE c.pairs > 0

-- name: found
SELECT DISTINCT CASE WHEN a.n < b.n THEN a.n ELSE b.n END AS l, CASE WHEN a.n < b.n THEN b.n ELSE a.n END AS r
FROM keys_to_match a
JOIN blocks u ON u.block = a.block AND u.used
JOIN keys b ON b.block = a.block
LEFT JOIN to_match other ON other.n = b.n
WHERE (a.side <> b.side OR a.side < 0 AND a.n <> b.n) AND (other.n IS NULL OR a.n < b.n)

-- name: shared
-- All candidate pairs, and the information of the blocks that both are in, in thousandths of a bit: the fewer pairs a
-- block holds, the more.
SELECT a.n AS l, b.n AS r, CAST(sum(u.bits) AS BIGINT) AS bits
FROM (SELECT block, CAST(round(1000 * (1 + log2(greatest(most_pairs, pairs) / pairs))) AS INTEGER) AS bits
      FROM blocks CROSS JOIN limits WHERE used) u
JOIN keys a ON a.block = u.block
JOIN (SELECT o.side, p.side AS other
      FROM sides o JOIN sides p ON abs(o.side) < abs(p.side) OR (o.side = p.side AND o.side < 0)) s ON s.side = a.side
JOIN keys b ON b.block = a.block AND b.side = s.other
WHERE a.n < b.n
GROUP BY a.n, b.n

-- name: best
SELECT l, r FROM (
  SELECT l, r,
         row_number() OVER (PARTITION BY l ORDER BY bits DESC, r) AS of_left,
         row_number() OVER (PARTITION BY r ORDER BY bits DESC, l) AS of_right
  FROM shared) ranked
CROSS JOIN best_of
WHERE of_left <= most AND of_right <= most

-- name: involved
SELECT l AS n FROM found UNION SELECT r FROM found

-- name: nested
-- The records that are in any candidate pair, with what is compared of them.
SELECT m.n, s.forms, s.names, s.genres, map_entries(s.ids) AS ids
FROM involved i JOIN numbered m ON m.n = i.n JOIN match_features s ON s.source = m.source AND s.key = m.key

-- name: candidates
SELECT p.* FROM {pairs} p CROSS JOIN slice s WHERE p.l BETWEEN s.first AND s.last

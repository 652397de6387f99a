-- The records that changed ones can be in a pair with; nearby.py lists the order. Reads what feature_files.py names, and
-- `changed_records`.

-- name: versions
-- All versions of the changed records.
SELECT * FROM every_features SEMI JOIN changed_records USING (source, key)

-- name: versions_seen
-- Those that existed when the catalogue was last published.
SELECT v.* FROM versions v SEMI JOIN seen s ON s.source = v.source AND s.delivery = v.delivery
ANTI JOIN seen_again a ON a.source = v.source AND a.key = v.key AND a.delivery = v.delivery

-- name: touched_blocks
SELECT DISTINCT features.rule AS rule, features.block AS block FROM (SELECT unnest(blocks) AS features FROM versions)

-- name: capped_blocks
-- The blocks of records that are matched again because a block of theirs is over the cap now, or no longer.
SELECT DISTINCT k.rule, k.block FROM keys k JOIN to_match a ON a.n = k.n JOIN numbered r ON r.n = k.n WHERE NOT r.is_changed

-- name: block_rows
SELECT w.rule, w.block, e.source, e.key, e.in_largest FROM every_block e JOIN wanted_blocks w ON w.block = e.block

-- name: sizes
-- Of some rows: the pairs of each block, and whether they are few enough; a negative side may hold a film twice.
WITH crowds_now AS (
  SELECT rule, block, CASE WHEN rule = twins_rule OR r.source IS NOT NULL THEN -1 ELSE 1 END AS side, count(*) AS films
  FROM {rows} b LEFT JOIN repeating r ON r.source = b.source CROSS JOIN limits
  GROUP BY rule, block, b.source, side)
SELECT block, used FROM ({used_blocks})

-- name: unchanged_rows
-- The rows in large blocks of records that are there now and were before, since a single batch has them. Only the largest batch of
-- each source is looked at: it has nearly all, and its keys need not be read.
SELECT rule, block, source FROM block_rows
SEMI JOIN large_blocks USING (block)
ANTI JOIN other_versions USING (source, key)
ANTI JOIN changed_records USING (source, key)
ANTI JOIN set_aside USING (source, key)
WHERE in_largest

-- name: rows_with_changed
FROM unchanged_rows UNION ALL
SELECT features.rule, features.block, source FROM (SELECT source, unnest(blocks) AS features FROM ({versions}))
WHERE features.block IN (FROM large_blocks)

-- name: near
-- Other records that share a block with these, or did.
SELECT source, key FROM near UNION
(SELECT source, key FROM block_rows ANTI JOIN unused_blocks USING (block) EXCEPT SELECT source, key FROM changed_records)

-- name: features_rows
SELECT * FROM versions UNION ALL SELECT * FROM every_features SEMI JOIN near USING (source, key)

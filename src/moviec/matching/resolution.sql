-- What a resolution comes to, from `kept_members` (source, key, id), `kept_gone`, `settled_members`, `ledger_before`.

-- name: settled_arrivals
-- Each record with its cluster and the first of the deliveries that are published now to bring it.
SELECT m.source, m.key, m.cluster, a.arrival FROM settled_members m LEFT JOIN arrivals a USING (source, key)

-- name: records
-- The ledger's new rows: where each record is now, and where those that are gone were last.
SELECT source, key, k.id AS movie, true AS live, s.method, s.probability
FROM kept_members k JOIN settled_members s USING (source, key)
UNION ALL SELECT source, key, id, false, 'gone', NULL FROM kept_gone ORDER BY source, key

-- name: merged
-- The records, with their ids until now, of the movies that are merged; those that are gone have no say in it.
SELECT b.source, b.key, b.id FROM ledger_before b SEMI JOIN merged_movies m USING (id)
SEMI JOIN kept_members k ON k.source = b.source AND k.key = b.key ORDER BY b.source, b.key

-- name: split
-- The ids, new or given back, that hold a record of an id that lives on.
SELECT DISTINCT k.id FROM kept_members k SEMI JOIN created USING (id)
JOIN ledger_before b ON b.source = k.source AND b.key = k.key
WHERE b.id IN (SELECT id FROM kept_members) ORDER BY k.id

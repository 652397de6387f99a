-- From changed records to movies: which records a changed one can be in a pair with, which films its pairs connect, and
-- what the ledger says of them; the last sections read `kept_members` (source, key, id), `kept_gone`,
-- `settled_members`, `ledger_before`.

-- name: replaced
-- The records whose pairs are all computed again.
SELECT source, key FROM changed_records UNION SELECT source, key FROM to_match_too

-- name: pairs_now
SELECT {pair} FROM fresh

-- name: frontier
SELECT source, key FROM replaced
UNION SELECT left_source, left_key FROM pairs_now UNION SELECT right_source, right_key FROM pairs_now

-- name: reached
SELECT * FROM frontier

-- name: stored_pairs
SELECT * FROM touching

-- name: more_pairs
-- Stored pairs of which neither end is among the records whose pairs are replaced.
SELECT {pair} FROM pairs_now UNION
SELECT {pair} FROM stored_pairs s
ANTI JOIN replaced l ON l.source = s.left_source AND l.key = s.left_key
ANTI JOIN replaced r ON r.source = s.right_source AND r.key = s.right_key

-- name: decided_nearby
-- Decisions on the records of the frontier.
SELECT d.* FROM decided d SEMI JOIN frontier f ON f.source = d.left_source AND f.key = d.left_key
UNION
SELECT d.* FROM decided d SEMI JOIN frontier f ON f.source = d.right_source AND f.key = d.right_key

-- name: next_frontier
SELECT left_source AS source, left_key AS key FROM stored_pairs UNION SELECT right_source, right_key FROM stored_pairs
UNION SELECT left_source, left_key FROM decided_nearby UNION SELECT right_source, right_key FROM decided_nearby
UNION SELECT source, key FROM same_movies
EXCEPT SELECT * FROM reached

-- name: reached_now
SELECT * FROM reached UNION SELECT * FROM frontier

-- name: settled_arrivals
-- Each record with its cluster and the first of the deliveries that are published now to bring it.
SELECT m.source, m.key, m.cluster, a.arrival FROM settled_members m LEFT JOIN arrivals a USING (source, key)

-- name: records
-- The ledger's new rows: where each record is now, and where deleted ones were last.
SELECT source, key, k.id AS movie, true AS live, s.method, s.probability
FROM kept_members k JOIN settled_members s USING (source, key)
UNION ALL SELECT source, key, id, false, 'gone', NULL FROM kept_gone ORDER BY source, key

-- name: merged
-- The records of merged movies, with their previous ids; deleted records do not count.
SELECT b.source, b.key, b.id FROM ledger_before b SEMI JOIN merged_movies m USING (id)
SEMI JOIN kept_members k ON k.source = b.source AND k.key = b.key ORDER BY b.source, b.key

-- name: split
-- The ids, new or given back, that hold a record of an id still in use.
SELECT DISTINCT k.id FROM kept_members k SEMI JOIN created USING (id)
JOIN ledger_before b ON b.source = k.source AND b.key = k.key
WHERE b.id IN (SELECT id FROM kept_members) ORDER BY k.id

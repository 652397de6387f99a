-- How rows move on a cluster, in Spark's SQL: which row goes into which part.

-- name: placed
-- The current match features, with the number of each record among all.
SELECT p.n, p.side, f.* FROM feature_rows f JOIN places p ON p.source = f.source AND p.key = f.key AND p.delivery = f.delivery

-- name: keys
-- A block is in one part.
SELECT CAST(pmod(hash(b.block), {parts}) AS INT) AS part, n, side, b.rule AS rule, b.block AS block
FROM (SELECT n, side, explode(blocks) AS b FROM placed) k

-- name: report
SELECT rule, sum(blocks) AS blocks, sum(pairs) AS pairs, sum(left_out) AS left_out, sum(lost_pairs) AS lost_pairs
FROM blocked WHERE l IS NULL GROUP BY rule ORDER BY rule

-- name: candidates
-- Each pair once, however many blocks both are in.
SELECT DISTINCT CAST(pmod(hash(l), {parts}) AS INT) AS part, l, r FROM blocked WHERE l IS NOT NULL

-- name: compared
-- The records of a part's pairs; the part's number gets its own column name, to distinguish it from that of the pairs.
SELECT e.part + 0 AS part, {columns}
FROM (SELECT part, l AS n FROM candidates UNION SELECT part, r FROM candidates) e JOIN placed f ON f.n = e.n

-- name: members
-- The records that are shown, by the slice that their film is in.
SELECT p.part, p.movie, r.* FROM every_record r
JOIN members_placed p ON p.source = r.source AND p.key = r.key AND p.delivery = r.delivery

-- name: divided
-- The rows of a delivery's file, each in the part of its film, whose rows in the other files are there, too.
SELECT *, CAST(pmod(hash({key}), {parts}) AS INT) AS part FROM {rows} DISTRIBUTE BY part

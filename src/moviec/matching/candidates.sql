-- Candidate pairs: records that share a blocking key. Each section is a table kept under its name.
-- Reads <side>_records, _forms, _words, _names, _ids of both sides, `known_words` (word, bits) and `limits`
-- (one row: most_pairs in a block, most_candidates of a record).

-- name: left_keys
-- The left list asks with its own year, the right one answers for the years around its own.
WITH ranked AS (
  SELECT n, word, max(bits) AS bits, min(place) AS place FROM (
    SELECT w.n, w.word, k.bits, row_number() OVER (PARTITION BY w.form ORDER BY k.bits DESC, w.word) AS place
    FROM left_words w JOIN known_words k ON k.word = w.word) GROUP BY n, word),
dated AS (SELECT n, CAST(year AS VARCHAR(8)) AS year FROM left_records WHERE year IS NOT NULL)
SELECT DISTINCT n, 'title' AS rule, squeezed AS block, 30000 AS bits FROM left_forms
UNION ALL SELECT DISTINCT n, 'title', head, 12000 FROM left_forms WHERE tail IS NOT NULL AND length(head) > 3 AND head <> squeezed
UNION ALL SELECT DISTINCT n, 'title', tail, 12000 FROM left_forms WHERE length(tail) > 6
UNION ALL SELECT n, 'word', word, bits FROM ranked WHERE place <= 2
UNION ALL SELECT DISTINCT f.n, 'title and year', f.squeezed || ' ' || d.year, 8000 FROM left_forms f JOIN dated d ON d.n = f.n
UNION ALL SELECT r.n, 'word and year', r.word || ' ' || d.year, r.bits + 3000 FROM ranked r JOIN dated d ON d.n = r.n WHERE r.place <= 3
UNION ALL SELECT DISTINCT f.n, 'start and year', substr(f.squeezed, 1, 5) || ' ' || d.year, 9000
  FROM left_forms f JOIN dated d ON d.n = f.n
UNION ALL SELECT DISTINCT p.n, 'person and year', p.name || ' ' || d.year, 15000 FROM left_names p JOIN dated d ON d.n = p.n
UNION ALL SELECT DISTINCT d.n, 'two people', d.name || ' + ' || c.name, 12000
  FROM left_names d JOIN left_names c ON c.n = d.n AND c.role = 'cast' AND c.name <> d.name WHERE d.role = 'directors'
UNION ALL SELECT n, 'id', space || ':' || id, 60000 FROM left_ids

-- name: right_keys
WITH ranked AS (
  SELECT n, word, max(bits) AS bits, min(place) AS place FROM (
    SELECT w.n, w.word, k.bits, row_number() OVER (PARTITION BY w.form ORDER BY k.bits DESC, w.word) AS place
    FROM right_words w JOIN known_words k ON k.word = w.word) GROUP BY n, word),
dated AS (
  SELECT n, CAST(year + step AS VARCHAR(8)) AS year, step * step AS away
  FROM right_records CROSS JOIN (VALUES (-1), (0), (1)) AS around(step) WHERE year IS NOT NULL)
SELECT DISTINCT n, 'title' AS rule, squeezed AS block, 0 AS away FROM right_forms
UNION ALL SELECT DISTINCT n, 'title', head, 0 FROM right_forms WHERE tail IS NOT NULL AND length(head) > 3 AND head <> squeezed
UNION ALL SELECT DISTINCT n, 'title', tail, 0 FROM right_forms WHERE length(tail) > 6
UNION ALL SELECT n, 'word', word, 0 FROM ranked WHERE place <= 2
UNION ALL SELECT DISTINCT f.n, 'title and year', f.squeezed || ' ' || d.year, away FROM right_forms f JOIN dated d ON d.n = f.n
UNION ALL SELECT r.n, 'word and year', r.word || ' ' || d.year, away FROM ranked r JOIN dated d ON d.n = r.n WHERE r.place <= 3
UNION ALL SELECT DISTINCT f.n, 'start and year', substr(f.squeezed, 1, 5) || ' ' || d.year, away
  FROM right_forms f JOIN dated d ON d.n = f.n
UNION ALL SELECT DISTINCT p.n, 'person and year', p.name || ' ' || d.year, away FROM right_names p JOIN dated d ON d.n = p.n
UNION ALL SELECT DISTINCT d.n, 'two people', d.name || ' + ' || c.name, 0
  FROM right_names d JOIN right_names c ON c.n = d.n AND c.role = 'cast' AND c.name <> d.name WHERE d.role = 'directors'
UNION ALL SELECT n, 'id', space || ':' || id, 0 FROM right_ids

-- name: blocks
SELECT l.rule, l.block, l.records AS left_records, r.records AS right_records,
       CAST(l.records AS BIGINT) * r.records <= limits.most_pairs AS used
FROM (SELECT rule, block, count(*) AS records FROM left_keys GROUP BY rule, block) l
JOIN (SELECT rule, block, count(*) AS records FROM right_keys GROUP BY rule, block) r
  ON r.rule = l.rule AND r.block = l.block
CROSS JOIN limits

-- name: found
SELECT l.n AS l, r.n AS r, CAST(sum(l.bits - 1000 * r.away) AS BIGINT) AS bits
FROM blocks b
JOIN left_keys l ON l.rule = b.rule AND l.block = b.block
JOIN right_keys r ON r.rule = b.rule AND r.block = b.block
WHERE b.used
GROUP BY l.n, r.n

-- name: candidates
SELECT l, r, bits FROM (
  SELECT l, r, bits,
         row_number() OVER (PARTITION BY l ORDER BY bits DESC, r) AS of_left,
         row_number() OVER (PARTITION BY r ORDER BY bits DESC, l) AS of_right
  FROM found) CROSS JOIN limits
WHERE of_left <= most_candidates AND of_right <= most_candidates

-- What a film brings to matching. Each section is a query over one chunk of films: `records`, `forms`, `words`,
-- `names`, `ids` (as features.Prepared has them), `word_bits` (word, bits) and `rarest` (bits of every other word).

-- name: told
-- What each word tells, in thousandths of a bit.
SELECT w.n, w.form, w.word, CAST(coalesce(k.bits, r.bits) AS INTEGER) AS bits
FROM (SELECT DISTINCT n, form, word FROM words) w
LEFT JOIN word_bits k ON k.word = w.word
CROSS JOIN rarest r

-- name: weighed
SELECT f.n, f.title, f.squeezed, f.head, f.tail, f.digits, f.article, w.bits
FROM forms f
JOIN (SELECT form, CAST(sum(bits) AS INTEGER) AS bits FROM told GROUP BY form) w ON w.form = f.form
ORDER BY f.n, f.form

-- name: keys
-- The blocking keys. A year stands in two windows of two years, so films a year apart share one, and no film asks
-- in another way than it answers.
WITH ranked AS (
  SELECT n, word, min(place) AS place FROM (
    SELECT n, word, row_number() OVER (PARTITION BY form ORDER BY bits DESC, word) AS place FROM told)
  GROUP BY n, word),
dated AS (
  SELECT n, CAST(year + step AS VARCHAR) AS years
  FROM records CROSS JOIN (VALUES (0), (1)) AS windows(step) WHERE year IS NOT NULL)
SELECT DISTINCT n, 'title' AS rule, squeezed AS block FROM forms
UNION SELECT n, 'title', head FROM forms WHERE tail IS NOT NULL AND length(head) > 3
UNION SELECT n, 'title', tail FROM forms WHERE length(tail) > 6
UNION ALL SELECT n, 'word', word FROM ranked WHERE place <= 2
UNION ALL SELECT DISTINCT f.n, 'title and year', f.squeezed || ' ' || d.years FROM forms f JOIN dated d ON d.n = f.n
UNION ALL SELECT r.n, 'word and year', r.word || ' ' || d.years FROM ranked r JOIN dated d ON d.n = r.n WHERE r.place <= 3
UNION ALL SELECT DISTINCT f.n, 'start and year', substr(f.squeezed, 1, 5) || ' ' || d.years FROM forms f JOIN dated d ON d.n = f.n
UNION ALL SELECT DISTINCT p.n, 'person and year', p.name || ' ' || d.years FROM names p JOIN dated d ON d.n = p.n
UNION ALL SELECT n, 'id', space || ':' || id FROM ids

-- name: blocks
-- Keys as 63-bit numbers: two keys of one number would only make a block larger.
SELECT n, rule, CAST(md5_number_lower(rule || ' ' || block) >> 1 AS BIGINT) AS block FROM keys
ORDER BY n, rule, block

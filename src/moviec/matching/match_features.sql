-- What matching needs of a film. Each section is a query over one chunk of films: `records`, `forms`, `words`,
-- `names`, `ids` (as features.Prepared has them), `word_bits` (word, bits), `rarest` (bits of every other word) and `rules` (rule, place).

-- name: known_words
-- Listed words, with their number in blocking keys.
SELECT word, bits, CAST(md5_number_lower(word) >> 1 AS BIGINT) AS number FROM word_bits

-- name: film_words
-- The information of each word, in thousandths of a bit.
SELECT w.n, w.form, w.word, CAST(coalesce(k.bits, r.bits) AS INTEGER) AS bits,
       CASE WHEN k.word IS NULL THEN CAST(md5_number_lower(w.word) >> 1 AS BIGINT) ELSE k.number END AS number
FROM (SELECT DISTINCT n, form, word FROM words) w
LEFT JOIN known_words k ON k.word = w.word
CROSS JOIN rarest r

-- name: weighed
SELECT f.n, f.title, f.squeezed, f.head, f.tail, f.digits, f.article, w.bits
FROM forms f
JOIN (SELECT form, CAST(sum(bits) AS INTEGER) AS bits FROM film_words GROUP BY form) w ON w.form = f.form
ORDER BY f.n, f.form

-- name: keys
-- The blocking keys as 63-bit numbers, `years` NULL for those of every year: a collision of two keys would only make a
-- block larger. Twins are rows of one source with one title and year. A year is in two windows of two years, so films a
-- year apart share one, and the relation is symmetric.
WITH titles AS MATERIALIZED (
  SELECT n, CAST(md5_number_lower(squeezed) >> 1 AS BIGINT) AS whole,
         CASE WHEN tail IS NOT NULL AND length(head) > 3 THEN CAST(md5_number_lower(head) >> 1 AS BIGINT) END AS head,
         CASE WHEN length(tail) > 6 THEN CAST(md5_number_lower(tail) >> 1 AS BIGINT) END AS tail,
         CAST(md5_number_lower(substr(squeezed, 1, 5)) >> 1 AS BIGINT) AS start
  FROM forms),
ranked AS MATERIALIZED (
  SELECT n, number AS word, min(place) AS place FROM (
    SELECT n, number, row_number() OVER (PARTITION BY form ORDER BY bits DESC, word) AS place FROM film_words)
  WHERE place <= 3 GROUP BY n, number),
named AS MATERIALIZED (
  SELECT n, role, number FROM names
  JOIN (SELECT name, CAST(md5_number_lower(name) >> 1 AS BIGINT) AS number FROM (SELECT DISTINCT name FROM names)) USING (name)),
dated AS MATERIALIZED (
  SELECT n, year + step AS years FROM records CROSS JOIN (VALUES (0), (1)) AS windows(step) WHERE year IS NOT NULL)
SELECT DISTINCT n, 'title' AS rule, key, CAST(NULL AS INTEGER) AS years FROM (
  SELECT n, whole AS key FROM titles
  UNION ALL SELECT n, head FROM titles WHERE head IS NOT NULL
  UNION ALL SELECT n, tail FROM titles WHERE tail IS NOT NULL)
UNION ALL SELECT n, 'word', word, NULL FROM ranked WHERE place <= 2
UNION ALL SELECT t.n, 'title and year', t.whole, d.years FROM (SELECT DISTINCT n, whole FROM titles) t JOIN dated d ON d.n = t.n
UNION ALL SELECT r.n, 'word and year', r.word, d.years FROM ranked r JOIN dated d ON d.n = r.n
UNION ALL SELECT s.n, 'start and year', s.start, d.years FROM (SELECT DISTINCT n, start FROM titles) s JOIN dated d ON d.n = s.n
UNION ALL SELECT p.n, 'person and year', p.number, d.years FROM (SELECT DISTINCT n, number FROM named) p JOIN dated d ON d.n = p.n
UNION ALL SELECT d.n, 'two people', xor(d.number, c.number >> 1), NULL
  FROM named d JOIN named c ON c.n = d.n AND c.role = 'cast' AND c.number <> d.number WHERE d.role = 'directors'
UNION ALL SELECT DISTINCT r.n, 'twins', CAST(md5_number_lower(r.source || ':' || t.whole) >> 1 AS BIGINT), r.year
  FROM titles t JOIN records r ON r.n = t.n
UNION ALL SELECT n, 'id', CAST(md5_number_lower(space || ':' || id) >> 1 AS BIGINT), NULL FROM ids

-- name: blocks
-- Rule and years go into bits of their own.
SELECT k.n, r.place AS rule, xor(k.key, (CAST(r.place AS BIGINT) << 56) + (CAST(coalesce(k.years, 0) AS BIGINT) << 44)) AS block
FROM keys k JOIN rules r ON r.rule = k.rule
ORDER BY k.n, r.place, block

-- Claims -> the chance of every value, and the fused fields. The probability of a value grows with the
-- weight (log-odds, in millionths) of the sources that claim it; for the confidence, "none of the claims is right" has
-- the weight 0. A release date more than a year from the movie's year is not chosen: for a movie that opened late
-- elsewhere the year is kept, and the two never contradict each other. A status from before the release does not
-- outlive the film's release date: it is not chosen once a delivery is as late as that date ({passing}).
-- In: field_claims (movie, field, source, value, fold, delivered), one row per value; field_rules (field, rule, judged);
-- field_weights (source, field, millionths); field_copies (source, field, of). {claims} is field_once, or, to
-- learn from, field_judged (training.sql): where two sources speak.

-- name: field_once
SELECT movie, field, source, first.value AS value, first.fold AS fold, -first.age AS delivered, rule, judged FROM (
  SELECT c.movie, c.field, c.source, r.rule, r.judged,
         MIN({'age': -c.delivered, 'value': c.value, 'fold': c.fold}) AS first
  FROM field_claims c JOIN field_rules r ON r.field = c.field
  GROUP BY c.movie, c.field, c.source, r.rule, r.judged, CASE WHEN r.rule = 'union' THEN c.fold ELSE '' END) f

-- name: field_repeated
SELECT DISTINCT c.movie, c.field, c.source, c.fold FROM field_once c
JOIN field_copies k ON k.source = c.source AND k.field = c.field
JOIN field_once o ON o.movie = c.movie AND o.field = c.field AND o.source = k.of AND o.fold = c.fold

-- name: field_weighed
SELECT c.movie, c.field, c.source, c.value, c.fold, c.delivered, c.rule,
       CASE WHEN x.source IS NULL THEN w.millionths ELSE 0 END AS weight
FROM {claims} c
JOIN field_weights w ON w.source = c.source AND w.field = c.field
LEFT JOIN field_repeated x
ON x.movie = c.movie AND x.field = c.field AND x.source = c.source AND x.fold = c.fold

-- name: field_totals
SELECT movie, field, fold, MIN(rule) AS rule, CAST(SUM(weight) AS BIGINT) AS total, MAX(weight) AS best,
       MAX(delivered) AS delivered, COUNT(*) AS sources, SUM(CASE WHEN weight > 0 THEN 1 ELSE 0 END) AS voices,
       MIN(value) AS value, MAX(value) AS other_value, MIN({'lightness': -weight, 'source': source}).source AS source
FROM field_weighed GROUP BY movie, field, fold

-- name: field_tops
SELECT movie, field, COUNT(*) AS folds, MAX(total) AS top, SUM(voices) AS voices,
       ROUND(1000000000 * EXP(-MAX(total) / 1000000)) AS none_of_them
FROM field_totals GROUP BY movie, field

-- name: field_odds
SELECT t.movie, t.field, t.fold, p.voices, p.none_of_them,
       CAST(ROUND(1000000000 * EXP((t.total - p.top) / 1000000)) AS BIGINT) AS odds
FROM field_totals t JOIN field_tops p ON p.movie = t.movie AND p.field = t.field
WHERE p.folds > 1

-- name: field_every
SELECT movie, field, SUM(odds) AS every FROM field_odds GROUP BY movie, field

-- name: field_chances
SELECT t.movie, t.field, t.fold, p.voices, 1000000 AS chance,
       CAST(ROUND(1e15 / (1e9 + p.none_of_them)) AS BIGINT) AS confidence
FROM field_totals t JOIN field_tops p ON p.movie = t.movie AND p.field = t.field
WHERE p.folds = 1
UNION ALL
SELECT o.movie, o.field, o.fold, o.voices, CAST(ROUND(1000000 * o.odds / e.every) AS BIGINT),
       CAST(ROUND(1000000 * o.odds / (e.every + o.none_of_them)) AS BIGINT)
FROM field_odds o JOIN field_every e ON e.movie = o.movie AND e.field = o.field

-- name: field_spelled
SELECT w.movie, w.field, w.fold, w.value, COUNT(*) AS alike, MIN({'lightness': -w.weight, 'source': w.source}) AS best
FROM field_weighed w
JOIN field_totals t ON t.movie = w.movie AND t.field = w.field AND t.fold = w.fold AND t.value <> t.other_value
GROUP BY w.movie, w.field, w.fold, w.value

-- name: field_spellings
SELECT movie, field, fold, MIN({
         'loud': CASE WHEN value = UPPER(value) OR value = LOWER(value) THEN 1 ELSE 0 END, 'fewness': -alike,
         'lightness': best.lightness, 'value': value, 'source': best.source}) AS best
FROM field_spelled GROUP BY movie, field, fold

-- name: field_contested
SELECT t.* FROM field_totals t JOIN field_tops p ON p.movie = t.movie AND p.field = t.field
WHERE t.rule <> 'union' AND (p.folds > 1 OR t.field IN ('released', 'status'))

-- name: field_middles
SELECT movie, field, fold,
       2 * SUM(total) OVER (PARTITION BY movie, field ORDER BY TRY_CAST(fold AS DOUBLE), fold
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS up_to,
       SUM(total) OVER (PARTITION BY movie, field) AS everything
FROM field_contested WHERE rule = 'weighted_median'

-- name: field_merits
SELECT t.*, CASE t.rule
    WHEN 'weighted_vote' THEN t.total
    WHEN 'most_reliable' THEN t.best
    WHEN 'latest' THEN t.delivered
    WHEN 'largest' THEN COALESCE(TRY_CAST(t.fold AS DOUBLE), -1e300)
    WHEN 'weighted_median' THEN CASE WHEN m.up_to >= m.everything AND m.up_to - 2 * t.total < m.everything THEN 1 ELSE 0 END
  END AS merit
FROM field_contested t LEFT JOIN field_middles m ON m.movie = t.movie AND m.field = t.field AND m.fold = t.fold

-- name: field_years
SELECT movie, TRY_CAST(MIN({'merit': -merit, 'total': -total, 'best': -best, 'fold': fold}).fold AS INT) AS year
FROM field_merits WHERE field = 'year' GROUP BY movie
UNION ALL
SELECT t.movie, TRY_CAST(t.fold AS INT) FROM field_totals t JOIN field_tops p ON p.movie = t.movie AND p.field = t.field
WHERE t.field = 'year' AND p.folds = 1

-- name: field_distant
-- Dates that are not of the film's year: more than one apart, or one apart where another date is of that year.
WITH apart AS (
  SELECT t.movie, t.field, t.fold, ABS(TRY_CAST(SUBSTRING(t.fold, 1, 4) AS INT) - y.year) AS years
  FROM field_totals t JOIN field_years y ON y.movie = t.movie WHERE t.field = 'released'),
nearest AS (SELECT movie, MIN(years) AS years FROM apart GROUP BY movie)
SELECT a.movie, a.field, a.fold FROM apart a JOIN nearest n ON n.movie = a.movie
WHERE a.years > 1 OR a.years > n.years

-- name: field_days
SELECT t.movie, TRY_CAST(REPLACE(MIN({'merit': -t.merit, 'total': -t.total, 'best': -t.best, 'fold': t.fold}).fold, '-', '')
                         AS BIGINT) AS day
FROM field_merits t LEFT JOIN field_distant d ON d.movie = t.movie AND d.fold = t.fold
WHERE t.field = 'released' AND d.fold IS NULL GROUP BY t.movie

-- name: field_out
SELECT l.movie FROM (SELECT movie, MAX(delivered) AS delivered FROM field_once GROUP BY movie) l
LEFT JOIN field_days d ON d.movie = l.movie
LEFT JOIN field_years y ON y.movie = l.movie
WHERE COALESCE(d.day, 10000 * y.year + 1231) <= FLOOR(l.delivered / 1000000)

-- name: field_barred
SELECT movie, field, fold FROM field_distant
UNION ALL
SELECT t.movie, t.field, t.fold FROM field_totals t JOIN field_out o ON o.movie = t.movie
WHERE t.field = 'status' AND {passing}

-- name: field_best
SELECT t.movie, t.field, MIN({'merit': -t.merit, 'total': -t.total, 'best': -t.best, 'fold': t.fold}).fold AS fold
FROM field_merits t
LEFT JOIN field_barred b ON b.movie = t.movie AND b.field = t.field AND b.fold = t.fold
WHERE b.fold IS NULL GROUP BY t.movie, t.field

-- name: field_chosen
SELECT t.* FROM field_totals t JOIN field_best b ON b.movie = t.movie AND b.field = t.field AND b.fold = t.fold
UNION ALL
SELECT t.* FROM field_totals t JOIN field_tops p ON p.movie = t.movie AND p.field = t.field
WHERE t.rule = 'union' OR p.folds = 1 AND t.field NOT IN ('released', 'status')

-- name: field_fused
SELECT c.movie, c.field, c.fold, COALESCE(s.best.value, c.value) AS value, COALESCE(s.best.source, c.source) AS source,
       c.rule, c.sources,
       CASE WHEN c.rule = 'union' THEN CAST(ROUND(1000000 / (1 + EXP(-c.total / 1000000))) AS BIGINT) ELSE p.confidence END
         AS confidence
FROM field_chosen c
JOIN field_chances p ON p.movie = c.movie AND p.field = c.field AND p.fold = c.fold
LEFT JOIN field_spellings s ON s.movie = c.movie AND s.field = c.field AND s.fold = c.fold

-- name: field_verdicts
SELECT w.movie, w.field, w.source, w.value, w.weight, CASE WHEN c.fold IS NULL THEN FALSE ELSE TRUE END AS chosen,
       c.source = w.source AND c.value = w.value AS shown
FROM field_weighed w LEFT JOIN field_fused c ON c.movie = w.movie AND c.field = w.field AND c.fold = w.fold

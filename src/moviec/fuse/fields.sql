-- Claims -> the chance of every value, how each source fares, and the fused fields. The chance of a value grows with the
-- weight (log-odds, in millionths) of those who claim it; for the confidence, that none of the claims is right has the weight 0.
-- A release date more than a year from the movie's year is not chosen: of a movie that opened late elsewhere the year
-- stands, and the two never contradict each other.
-- In: field_claims (movie, field, source, value, fold, delivered), one row per value; field_rules (field, rule, judged);
-- field_weights (source, field, millionths); field_copies (source, field, of). {claims} is field_once, or, to learn from, field_judged: where two sources speak.

-- keep field_once
SELECT movie, field, source, value, fold, delivered, rule, judged FROM (
  SELECT c.*, r.rule, r.judged, ROW_NUMBER() OVER (PARTITION BY movie, c.field, source, CASE WHEN r.rule = 'union' THEN fold END
                                 ORDER BY delivered DESC, value) AS place
  FROM field_claims c JOIN field_rules r ON r.field = c.field) x
WHERE place = 1

-- keep field_repeated
SELECT DISTINCT c.movie, c.field, c.source, c.fold FROM field_once c
JOIN field_copies k ON k.source = c.source AND k.field = c.field
JOIN field_once o ON o.movie = c.movie AND o.field = c.field AND o.source = k.of AND o.fold = c.fold

-- keep field_judged
SELECT * FROM (SELECT o.*, COUNT(*) OVER (PARTITION BY movie, field) AS claims FROM field_once o WHERE judged AND rule <> 'union') c
WHERE claims > 1

-- keep field_weighed
SELECT c.movie, c.field, c.source, c.value, c.fold, c.delivered, c.rule,
       CASE WHEN x.source IS NULL THEN w.millionths ELSE 0 END AS weight
FROM {claims} c
JOIN field_weights w ON w.source = c.source AND w.field = c.field
LEFT JOIN field_repeated x
ON x.movie = c.movie AND x.field = c.field AND x.source = c.source AND x.fold = c.fold

-- keep field_totals
SELECT movie, field, fold, MIN(rule) AS rule, CAST(SUM(weight) AS BIGINT) AS total, MAX(weight) AS best,
       MAX(delivered) AS delivered, COUNT(*) AS sources,
       SUM(CASE WHEN weight > 0 THEN 1 ELSE 0 END) AS voices
FROM field_weighed GROUP BY movie, field, fold

-- view field_tops
SELECT movie, field, MAX(total) AS top, SUM(voices) AS voices FROM field_totals GROUP BY movie, field

-- view field_odds
SELECT t.movie, t.field, t.fold, p.top, p.voices,
       CAST(ROUND(1000000000 * EXP((t.total - p.top) / 1000000)) AS BIGINT) AS odds
FROM field_totals t JOIN field_tops p ON p.movie = t.movie AND p.field = t.field

-- keep field_chances
SELECT movie, field, fold, voices, CAST(ROUND(1000000 * odds / every) AS BIGINT) AS chance,
       CAST(ROUND(1000000 * odds / (every + ROUND(1000000000 * EXP(-top / 1000000)))) AS BIGINT) AS confidence
FROM (SELECT o.*, SUM(odds) OVER (PARTITION BY movie, field) AS every FROM field_odds o) x

-- view field_agreement
SELECT w.source, w.field, COUNT(*) AS judged, CAST(SUM(c.chance) AS BIGINT) AS millionths
FROM field_weighed w
JOIN field_chances c ON c.movie = w.movie AND c.field = w.field AND c.fold = w.fold
WHERE w.weight > 0 AND c.voices > 1 GROUP BY w.source, w.field

-- view field_spellings
SELECT movie, field, fold, value, source, ROW_NUMBER() OVER (
         PARTITION BY movie, field, fold
         ORDER BY CASE WHEN value = UPPER(value) OR value = LOWER(value) THEN 1 ELSE 0 END, alike DESC, weight DESC, value, source
       ) AS place
FROM (SELECT *, COUNT(*) OVER (PARTITION BY movie, field, fold, value) AS alike FROM field_weighed) w

-- view field_middles
SELECT movie, field, fold,
       2 * SUM(total) OVER (PARTITION BY movie, field ORDER BY TRY_CAST(fold AS DOUBLE), fold
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS up_to,
       SUM(total) OVER (PARTITION BY movie, field) AS everything, total
FROM field_totals WHERE rule = 'weighted_median'

-- keep field_merits
SELECT t.*, CASE t.rule
    WHEN 'weighted_vote' THEN t.total
    WHEN 'most_reliable' THEN t.best
    WHEN 'latest' THEN t.delivered
    WHEN 'largest' THEN TRY_CAST(t.fold AS DOUBLE)
    WHEN 'weighted_median' THEN CASE WHEN m.up_to >= m.everything AND m.up_to - 2 * t.total < m.everything THEN 1 ELSE 0 END
  END AS merit
FROM field_totals t LEFT JOIN field_middles m ON m.movie = t.movie AND m.field = t.field AND m.fold = t.fold

-- view field_years
SELECT movie, TRY_CAST(fold AS INT) AS year FROM (
  SELECT movie, fold, ROW_NUMBER() OVER (PARTITION BY movie ORDER BY merit DESC, total DESC, best DESC, fold) AS rank
  FROM field_merits WHERE field = 'year') m
WHERE rank = 1

-- view field_barred
SELECT t.movie, t.field, t.fold FROM field_totals t JOIN field_years y ON y.movie = t.movie
WHERE t.field = 'released' AND ABS(TRY_CAST(SUBSTRING(t.fold, 1, 4) AS INT) - y.year) > 1

-- view field_chosen
SELECT * FROM (
  SELECT t.*, ROW_NUMBER() OVER (
      PARTITION BY t.movie, t.field, CASE WHEN t.rule = 'union' THEN t.fold END
      ORDER BY t.merit DESC, t.total DESC, t.best DESC, t.fold) AS rank
  FROM field_merits t
  LEFT JOIN field_barred b ON b.movie = t.movie AND b.field = t.field AND b.fold = t.fold
  WHERE b.fold IS NULL) x
WHERE rank = 1

-- keep field_fused
SELECT c.movie, c.field, s.value, s.source, c.rule, c.sources,
       CASE WHEN c.rule = 'union' THEN CAST(ROUND(1000000 / (1 + EXP(-c.total / 1000000))) AS BIGINT) ELSE p.confidence END
         AS confidence
FROM field_chosen c
JOIN field_chances p ON p.movie = c.movie AND p.field = c.field AND p.fold = c.fold
JOIN field_spellings s ON s.movie = c.movie AND s.field = c.field AND s.fold = c.fold AND s.place = 1

-- view field_verdicts
SELECT w.movie, w.field, w.source, w.value, w.weight, CASE WHEN c.fold IS NULL THEN FALSE ELSE TRUE END AS chosen
FROM field_weighed w LEFT JOIN field_chosen c ON c.movie = w.movie AND c.field = w.field AND c.fold = w.fold

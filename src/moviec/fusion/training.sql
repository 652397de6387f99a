-- How reliable each source is, and whether it repeats another, from field_once, field_weighed and field_chances (fields.sql).
-- `repeat_*`: does the source {source} repeat another? field_chances and field_weighed then cover the claims of all
-- other sources: where these contradict the original, does the source ever differ from it? It takes three others: where
-- two disagree nobody can say which one a third is right to follow.

-- name: field_disputable
SELECT movie, field FROM field_once WHERE judged AND rule <> 'union' GROUP BY movie, field HAVING COUNT(*) > 1

-- name: field_judged
SELECT o.* FROM field_once o JOIN field_disputable d ON d.movie = o.movie AND d.field = o.field

-- name: field_agreement
SELECT w.source, w.field, COUNT(*) AS judged, CAST(SUM(c.chance) AS BIGINT) AS millionths
FROM field_weighed w
JOIN field_chances c ON c.movie = w.movie AND c.field = w.field AND c.fold = w.fold
WHERE w.weight > 0 AND c.voices > 1 GROUP BY w.source, w.field

-- name: repeat_films
SELECT movie, field, COUNT(*) AS folds FROM field_chances GROUP BY movie, field HAVING MAX(voices) > 2

-- name: repeat_said
SELECT s.movie, s.field, s.fold, f.folds, COALESCE(c.chance, 0) AS chance
FROM field_judged s
JOIN repeat_films f ON f.movie = s.movie AND f.field = s.field
LEFT JOIN field_chances c ON c.movie = s.movie AND c.field = s.field AND c.fold = s.fold
WHERE s.source = {source}

-- name: repeat_standing
SELECT field, CAST(SUM(chance) AS BIGINT) / COUNT(*) AS millionths FROM repeat_said GROUP BY field

-- name: repeat_found
SELECT s.field, o.source AS original, COUNT(*) AS films, CAST(SUM(CASE WHEN o.fold = s.fold THEN 0 ELSE 1 END) AS BIGINT) AS parted,
       CAST(SUM(CAST(ROUND(((1000000 - c.chance) * q.millionths + c.chance * (1000000 - q.millionths)) / 1000000) AS BIGINT)) AS BIGINT)
         AS expected
FROM repeat_said s
JOIN repeat_standing q ON q.field = s.field
JOIN field_weighed o ON o.movie = s.movie AND o.field = s.field
JOIN field_chances c ON c.movie = o.movie AND c.field = o.field AND c.fold = o.fold
WHERE s.folds > 1 GROUP BY s.field, o.source

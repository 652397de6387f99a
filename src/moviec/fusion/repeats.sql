-- Does one source repeat another? Judged by all the others: where they contradict the original, does it ever part from it?
-- In: field_chances, field_weighed (fields.sql) over the claims of the others; field_judged; {source} is the one in question.
-- It takes three others: of two that disagree nobody can say which one a third is right to follow.

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

-- Every claim on a movie, and why one was chosen -> one JSON text per movie. In: field_verdicts, field_fused, field_rules
-- (fields.sql); movie_labels, movie_genre_ranks. {numbers} are the fields whose values are numbers.
-- Of each of the "rows" statements the items are joined by the keys in front of them (texts.py): (movie, place), …

-- keep claim_typed
SELECT v.movie, r.place, v.source, v.weight, v.chosen, v.shown, v.value AS given, CASE
    WHEN v.field = 'adult' THEN CASE v.value WHEN '1' THEN 'true' ELSE 'false' END
    WHEN v.field = 'popularity' THEN CAST(TO_JSON(CAST(v.value AS BIGINT) / 1000000) AS STRING)
    WHEN v.field IN ({numbers}) THEN v.value
    ELSE CAST(TO_JSON(v.value) AS STRING) END AS value
FROM field_verdicts v JOIN field_rules r ON r.field = v.field

-- rows claim_lists
SELECT movie, place, CONCAT('{"source":', TO_JSON(source), ',"value":', value, ',"weight":',
         TO_JSON(ROUND(weight / 1000000, 3)), ',"chosen":', TO_JSON(chosen), '}') AS item
FROM claim_typed ORDER BY movie, place, weight DESC, source, given

-- view claim_fused
SELECT f.*, r.place, r.judged FROM field_fused f JOIN field_rules r ON r.field = f.field

-- rows claim_unions
SELECT t.movie, t.place, t.value AS item FROM claim_typed t
JOIN claim_fused f ON f.movie = t.movie AND f.place = t.place AND f.value = t.given
WHERE t.shown AND f.rule = 'union' ORDER BY t.movie, t.place, f.confidence DESC, f.value

-- view claim_values
SELECT t.movie, t.place, t.value, f.confidence, f.source, f.judged FROM claim_typed t
JOIN claim_fused f ON f.movie = t.movie AND f.place = t.place
WHERE t.shown AND f.rule <> 'union'
UNION ALL
SELECT movie, place, CONCAT('[', items, ']'), NULL, NULL, FALSE FROM claim_unions

-- rows claim_fields
SELECT c.movie, CONCAT(TO_JSON(r.field), ':{', CONCAT_WS(',', '"value":' || v.value, '"rule":' || TO_JSON(r.rule),
         '"confidence":' || CASE WHEN v.judged THEN TO_JSON(ROUND(v.confidence / 1000000, 3)) END,
         '"source":' || TO_JSON(v.source), '"claims":[' || c.items || ']'), '}') AS item
FROM claim_lists c
JOIN field_rules r ON r.place = c.place
LEFT JOIN claim_values v ON v.movie = c.movie AND v.place = c.place
ORDER BY c.movie, r.place

-- rows claim_labels
SELECT DISTINCT movie, source, CAST(TO_JSON(given) AS STRING) AS item FROM movie_labels ORDER BY movie, source, item

-- rows claim_labelled
SELECT movie, CONCAT('{"source":', TO_JSON(source), ',"labels":[', items, ']}') AS item FROM claim_labels ORDER BY movie, source

-- rows claim_chances
SELECT movie, CONCAT('{"id":', genre, ',"name":', TO_JSON(name), ',"confidence":', TO_JSON(ROUND(confidence / 1000000, 3)),
         ',"chosen":', TO_JSON(shown), '}') AS item
FROM movie_genre_ranks ORDER BY movie, position

-- rows movie_claims
SELECT m.movie, CONCAT('{"id":"mc', m.movie, '","fields":{', CONCAT_WS(',', f.items,
         '"genres":{"value":[' || c.items || '],"rule":"latent_truth","claims":[' || l.items || ']}'), '}}') AS claims
FROM (SELECT DISTINCT movie FROM movie_records) m
LEFT JOIN claim_fields f ON f.movie = m.movie
LEFT JOIN claim_labelled l ON l.movie = m.movie
LEFT JOIN claim_chances c ON c.movie = m.movie
ORDER BY m.movie

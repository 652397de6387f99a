-- Every claim on a movie, and why one was chosen -> one JSON text per movie. In: field_verdicts, field_fused, field_rules
-- (fields.sql); movie_labels, movie_genre_ranks, movie_title_ranks, party_billed. {numbers} are the fields whose values are numbers.

-- view claim_typed
SELECT movie, field, source, weight, chosen, value AS given, CASE
    WHEN field = 'adult' THEN CASE value WHEN '1' THEN 'true' ELSE 'false' END
    WHEN field = 'popularity' THEN CAST(TO_JSON(CAST(value AS BIGINT) / 1000000) AS STRING)
    WHEN field IN ({numbers}) THEN value
    ELSE CAST(TO_JSON(value) AS STRING) END AS value
FROM field_verdicts

-- view claim_lists
SELECT movie, field, STRING_AGG(CONCAT('{"source":', TO_JSON(source), ',"value":', value, ',"weight":',
         TO_JSON(ROUND(weight / 1000000, 3)), ',"chosen":', TO_JSON(chosen), '}'), ',' ORDER BY weight DESC, source, given) AS claims
FROM claim_typed GROUP BY movie, field

-- view claim_values
SELECT f.movie, f.field, f.rule, CASE
    WHEN f.rule = 'union' THEN CONCAT('[', STRING_AGG(t.value, ',' ORDER BY f.confidence DESC, f.value), ']') ELSE MIN(t.value) END AS value,
  CASE WHEN f.rule <> 'union' THEN MIN(f.confidence) END AS confidence, CASE WHEN f.rule <> 'union' THEN MIN(f.source) END AS source
FROM field_fused f
JOIN claim_typed t ON t.movie = f.movie AND t.field = f.field AND t.source = f.source AND t.given = f.value
GROUP BY f.movie, f.field, f.rule

-- view claim_fields_json
SELECT c.movie, STRING_AGG(CONCAT(TO_JSON(c.field), ':{', CONCAT_WS(',', '"value":' || v.value, '"rule":' || TO_JSON(r.rule),
         '"confidence":' || CASE WHEN r.judged THEN TO_JSON(ROUND(v.confidence / 1000000, 3)) END,
         '"source":' || TO_JSON(v.source),
         '"claims":[' || c.claims || ']'), '}'), ',' ORDER BY r.place) AS json
FROM claim_lists c
JOIN field_rules r ON r.field = c.field
LEFT JOIN claim_values v ON v.movie = c.movie AND v.field = c.field
GROUP BY c.movie

-- view claim_labels_json
SELECT movie, STRING_AGG(CONCAT('{"source":', TO_JSON(source), ',"labels":', TO_JSON(labels), '}'), ',' ORDER BY source) AS json
FROM (SELECT movie, source, LIST(DISTINCT given ORDER BY given) AS labels FROM movie_labels GROUP BY movie, source) l
GROUP BY movie

-- view claim_chances_json
SELECT movie, STRING_AGG(CONCAT('{"id":', genre, ',"name":', TO_JSON(name), ',"confidence":',
         TO_JSON(ROUND(confidence / 1000000, 3)), ',"chosen":', TO_JSON(shown), '}'), ',' ORDER BY position) AS json
FROM movie_genre_ranks GROUP BY movie

-- view claim_named
SELECT movie, field, source, MIN(billing) AS billing, name
FROM (
  SELECT movie, 'titles' AS field, source, rank AS billing, title AS name FROM movie_title_ranks WHERE source <> ''
  UNION ALL SELECT movie, field, source, billing, name FROM party_billed) n
GROUP BY movie, field, source, name

-- view claim_names_json
SELECT movie, STRING_AGG(CONCAT('"', field, '":{"rule":"union","claims":[', json, ']}'), ',' ORDER BY field DESC) AS json
FROM (
  SELECT movie, field, STRING_AGG(CONCAT('{"source":', TO_JSON(source), ',"names":', names, '}'), ',' ORDER BY source) AS json
  FROM (SELECT movie, field, source, TO_JSON(LIST(name ORDER BY billing)) AS names FROM claim_named GROUP BY movie, field, source) s
  GROUP BY movie, field) f
GROUP BY movie

-- view movie_claims
SELECT m.movie, CONCAT('{"id":"mc', m.movie, '","fields":{', CONCAT_WS(',', f.json,
         '"genres":{"value":[' || c.json || '],"rule":"latent_truth","claims":[' || l.json || ']}', n.json), '}}') AS claims
FROM (SELECT DISTINCT movie FROM movie_records) m
LEFT JOIN claim_fields_json f ON f.movie = m.movie
LEFT JOIN claim_names_json n ON n.movie = m.movie
LEFT JOIN claim_labels_json l ON l.movie = m.movie
LEFT JOIN claim_chances_json c ON c.movie = m.movie

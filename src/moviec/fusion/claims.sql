-- Every claim on a movie, and the reason one was chosen -> one JSON text per movie. In: field_verdicts, field_fused,
-- field_rules (fields.sql); movie_values (movies.sql); movie_labels, movie_genre_ranks, movie_title_ranks,
-- party_billed. {numbers} are the fields whose values are numbers. The items of a statement are joined by movie, in order,
-- before the next is made (movies.py).

-- name: claim_typed
SELECT v.movie, r.place, v.source, v.weight, v.chosen, v.shown, v.value AS given, CASE
    WHEN v.field = 'adult' THEN CASE v.value WHEN '1' THEN 'true' ELSE 'false' END
    WHEN v.field = 'popularity' THEN CAST(TO_JSON(CAST(v.value AS BIGINT) / 1000000) AS STRING)
    WHEN v.field IN ({numbers}) THEN v.value
    ELSE CAST(TO_JSON(v.value) AS STRING) END AS value
FROM field_verdicts v JOIN field_rules r ON r.field = v.field

-- name: claim_items
SELECT movie, place, -weight AS lightness, source, given, CONCAT('{"source":', TO_JSON(source), ',"value":', value, ',"weight":',
         TO_JSON(ROUND(weight / 1000000, 3)), ',"chosen":', TO_JSON(chosen), '}') AS item
FROM claim_typed

-- name: claim_fused
SELECT f.*, r.place, r.judged FROM field_fused f JOIN field_rules r ON r.field = f.field

-- name: claim_union_items
SELECT t.movie, t.place, -f.confidence AS doubt, t.given, t.value AS item FROM claim_typed t
JOIN claim_fused f ON f.movie = t.movie AND f.place = t.place AND f.value = t.given
WHERE t.shown AND f.rule = 'union'

-- name: claim_values
SELECT t.movie, t.place, t.value, f.confidence, f.source, f.judged FROM claim_typed t
JOIN claim_fused f ON f.movie = t.movie AND f.place = t.place
WHERE t.shown AND f.rule <> 'union'
UNION ALL
SELECT movie, place, CONCAT('[', items, ']'), NULL, NULL, FALSE FROM claim_unions

-- name: claim_field_items
SELECT c.movie, c.place, CONCAT(TO_JSON(r.field), ':{', CONCAT_WS(',', '"value":' || v.value, '"rule":' || TO_JSON(r.rule),
         '"confidence":' || CASE WHEN v.judged THEN TO_JSON(ROUND(v.confidence / 1000000, 3)) END,
         '"source":' || TO_JSON(v.source), '"claims":[' || c.items || ']'), '}') AS item
FROM claim_lists c
JOIN field_rules r ON r.place = c.place
LEFT JOIN claim_values v ON v.movie = c.movie AND v.place = c.place

-- name: claim_label_items
SELECT DISTINCT movie, source, CAST(TO_JSON(given) AS STRING) AS item FROM movie_labels

-- name: claim_labelled_items
SELECT movie, source, CONCAT('{"source":', TO_JSON(source), ',"labels":[', items, ']}') AS item FROM claim_labels

-- name: claim_chance_items
SELECT movie, position, CONCAT('{"id":', genre, ',"name":', TO_JSON(name), ',"confidence":',
         TO_JSON(ROUND(confidence / 1000000, 3)), ',"chosen":', TO_JSON(shown), '}') AS item
FROM movie_genre_ranks

-- name: claim_name_items
SELECT movie, field, source, MIN(billing) AS billing, CAST(TO_JSON(name) AS STRING) AS item
FROM (
  SELECT movie, 'titles' AS field, source, rank AS billing, title AS name FROM movie_title_ranks WHERE source <> ''
  UNION ALL SELECT movie, field, source, billing, name FROM party_billed) n
GROUP BY movie, field, source, name

-- name: claim_parts
-- Of each person a source names: whether the film has them in roles that this source does not give (`fewer`), or as a character
-- that it does not name (`nameless`).
WITH given AS (
  SELECT movie, fold, source, role, MAX(part) AS part FROM party_billed WHERE field = 'people' GROUP BY movie, fold, source, role
),
film AS (SELECT movie, fold, role, MAX(part) AS part FROM given GROUP BY movie, fold, role),
told AS (
  SELECT g.movie, g.fold, g.source, g.role,
         CASE WHEN s.roles < f.roles THEN 1 ELSE 0 END AS fewer,
         CASE WHEN p.part IS NOT NULL AND g.part IS NULL THEN 1 ELSE 0 END AS nameless
  FROM given g
  JOIN film p ON p.movie = g.movie AND p.fold = g.fold AND p.role = g.role
  JOIN (SELECT movie, fold, COUNT(*) AS roles FROM film GROUP BY movie, fold) f ON f.movie = g.movie AND f.fold = g.fold
  JOIN (SELECT movie, fold, source, COUNT(*) AS roles FROM given GROUP BY movie, fold, source) s
  ON s.movie = g.movie AND s.fold = g.fold AND s.source = g.source
)
SELECT b.movie, b.field, b.source, b.name, b.role, b.billing, t.fewer, t.nameless
FROM (SELECT movie, field, source, name, fold, role, MIN(billing) AS billing FROM party_billed WHERE field = 'people'
      GROUP BY movie, field, source, name, fold, role) b
JOIN told t ON t.movie = b.movie AND t.fold = b.fold AND t.source = b.source AND t.role = b.role

-- name: claim_role_items
SELECT movie, field, source, billing, CONCAT('{"name":', TO_JSON(name), ',"role":', TO_JSON(role), '}') AS item
FROM claim_parts WHERE fewer = 1

-- name: claim_nameless_items
SELECT movie, field, source, MIN(billing) AS billing, CAST(TO_JSON(name) AS STRING) AS item
FROM claim_parts WHERE nameless = 1 GROUP BY movie, field, source, name

-- name: claim_named_items
SELECT n.movie, n.field, n.source, CONCAT('{"source":', TO_JSON(n.source), ',"names":[', n.items, ']',
         COALESCE(',"roles":[' || r.items || ']', ''), COALESCE(',"without_character":[' || c.items || ']', ''), '}') AS item
FROM claim_names n
LEFT JOIN claim_roles r ON r.movie = n.movie AND r.field = n.field AND r.source = n.source
LEFT JOIN claim_nameless c ON c.movie = n.movie AND c.field = n.field AND c.source = n.source

-- name: claim_union_fields
SELECT movie, field, CONCAT('"', field, '":{"rule":"union","claims":[', items, ']}') AS item FROM claim_named

-- name: claim_dates
SELECT movie, CONCAT('"counts_in":{', CONCAT_WS(',', '"year":' || COALESCE(YEAR(released), year), '"month":' || MONTH(released),
         '"by":' || CASE WHEN released IS NULL THEN '"year"' ELSE '"released"' END), '},') AS item
FROM movie_values WHERE COALESCE(YEAR(released), year) IS NOT NULL

-- name: movie_claims
SELECT m.movie, CONCAT('{"id":"mc', m.movie, '",', COALESCE(d.item, ''), '"fields":{', CONCAT_WS(',', f.items,
         '"genres":{"value":[' || c.items || '],"rule":"latent_truth","claims":[' || l.items || ']}', n.items), '}}') AS claims
FROM (SELECT DISTINCT movie FROM movie_records) m
LEFT JOIN claim_dates d ON d.movie = m.movie
LEFT JOIN claim_fields f ON f.movie = m.movie
LEFT JOIN claim_name_fields n ON n.movie = m.movie
LEFT JOIN claim_labelled l ON l.movie = m.movie
LEFT JOIN claim_chances c ON c.movie = m.movie

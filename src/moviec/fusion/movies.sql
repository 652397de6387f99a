-- Fused fields, genre truth and records of movies -> tables, people and companies among them: one row per movie, role
-- and name, the most trusted source's billing first. In: what members.sql and fields.sql make; genre_truth; title_folds
-- (name, fold); party_folds (field, name, fold); genre_list (genre, name, facet); movie_orders (source, field, place,
-- space): order of trust, id space. {columns} picks the single-valued fields, {last} is the place of a source that is
-- not in the order. A company has the role 'company'.

-- name: movie_values
SELECT movie, {columns} FROM field_fused WHERE rule <> 'union' GROUP BY movie

-- name: movie_lists
SELECT movie, field, CAST(ROW_NUMBER() OVER (PARTITION BY movie, field ORDER BY billing, value) - 1 AS INT) AS position, value
FROM (
  SELECT movie, field, value, MIN(billing) AS billing FROM (
    SELECT f.movie, f.field, f.value, ROW_NUMBER() OVER (
        PARTITION BY f.movie, f.field ORDER BY COALESCE(o.place, {last}), l.source, l.nth, l.key) AS billing
    FROM field_fused f
    JOIN movie_listed l ON l.movie = f.movie AND l.field = f.field AND l.value = f.value
    LEFT JOIN movie_orders o ON o.source = l.source AND o.field = l.field) b
  GROUP BY movie, field, value) g

-- name: movie_titled
SELECT v.movie, '' AS source, '' AS key, 0 AS nth, v.title, CAST(NULL AS STRING) AS language, CAST(NULL AS STRING) AS region
FROM movie_values v WHERE v.title IS NOT NULL
UNION ALL
SELECT movie, '', '', 1, original_title, original_language, NULL FROM movie_values WHERE original_title IS NOT NULL
UNION ALL
SELECT movie, source, key, 2, title, NULL, NULL FROM movie_records WHERE title IS NOT NULL
UNION ALL
SELECT movie, source, key, 3, original_title, original_language, NULL FROM movie_records WHERE original_title IS NOT NULL
UNION ALL
SELECT movie, source, key, 3 + nth, other.title, other.language, other.region FROM (
  SELECT movie, source, key, UNNEST(other_titles) AS other, GENERATE_SUBSCRIPTS(other_titles, 1) AS nth FROM movie_records) o
WHERE other.title IS NOT NULL

-- name: movie_title_ranks
SELECT t.*, f.fold, ROW_NUMBER() OVER (PARTITION BY t.movie ORDER BY LEAST(t.nth, 4), COALESCE(o.place, {last}), t.source,
                                       t.nth, t.key, t.title) AS rank
FROM movie_titled t
JOIN title_folds f ON f.name = t.title
LEFT JOIN movie_orders o ON o.source = t.source AND o.field = 'title'

-- name: movie_titles
SELECT movie, CAST(ROW_NUMBER() OVER (PARTITION BY movie ORDER BY rank) - 1 AS INT) AS position, title, tagged.language,
       tagged.region
FROM (
  SELECT movie, MIN(rank) AS rank, MIN_BY(title, rank) AS title,
         COALESCE(MIN_BY({'language': language, 'region': region}, rank) FILTER (WHERE region IS NOT NULL),
                  MIN_BY({'language': language, 'region': region}, rank) FILTER (WHERE language IS NOT NULL)) AS tagged
  FROM movie_title_ranks GROUP BY movie, fold) t

-- name: movie_genre_ranks
SELECT t.movie, g.genre, g.name, g.facet, t.millionths AS confidence, t.shown,
       CAST(ROW_NUMBER() OVER (PARTITION BY t.movie ORDER BY t.shown DESC, t.millionths DESC, g.genre) - 1 AS INT) AS position
FROM genre_truth t JOIN genre_list g ON g.name = t.genre

-- name: movie_ids
SELECT movie, space, id, CAST(ROW_NUMBER() OVER (PARTITION BY movie, space ORDER BY own DESC, sources DESC, LENGTH(id), id) - 1 AS INT)
       AS position
FROM (
  SELECT n.movie, n.space, n.id, MAX(CASE WHEN o.space = n.space THEN n.own ELSE 0 END) AS own, COUNT(DISTINCT n.source) AS sources
  FROM movie_named n LEFT JOIN movie_orders o ON o.source = n.source AND o.field = 'default'
  GROUP BY n.movie, n.space, n.id) i

-- name: party_given
SELECT movie, source, key, 'people' AS field, party.name AS name, party.key AS party, party.role AS role,
       party.character AS part, party.position AS position, nth
FROM (SELECT movie, source, key, UNNEST(people) AS party, GENERATE_SUBSCRIPTS(people, 1) AS nth FROM movie_records) p
WHERE party.name IS NOT NULL AND party.role IS NOT NULL
UNION ALL
SELECT movie, source, key, 'companies', party.name, party.key, 'company', NULL, NULL, nth
FROM (SELECT movie, source, key, UNNEST(companies) AS party, GENERATE_SUBSCRIPTS(companies, 1) AS nth FROM movie_records) c
WHERE party.name IS NOT NULL

-- name: party_billed
SELECT g.movie, g.source, COALESCE(o.space, g.source) AS space, g.field, g.name, g.party, g.role, g.part, f.fold,
       DENSE_RANK() OVER (PARTITION BY g.movie, g.source, g.role, f.fold ORDER BY COALESCE(g.party, '')) AS namesake,
       ROW_NUMBER() OVER (
         PARTITION BY g.movie, g.field
         ORDER BY CASE g.role WHEN 'director' THEN 1 WHEN 'writer' THEN 2 WHEN 'actor' THEN 3 WHEN 'producer' THEN 4
                              WHEN 'composer' THEN 5 WHEN 'cinematographer' THEN 6 WHEN 'editor' THEN 7 ELSE 8 END,
                  g.role, COALESCE(o.place, {last}), g.source, CASE WHEN g.position IS NULL THEN 1 ELSE 0 END, g.position,
                  g.nth, g.key, g.name) AS billing
FROM party_given g
JOIN party_folds f ON f.field = g.field AND f.name = g.name
LEFT JOIN movie_orders o ON o.source = g.source AND o.field = g.field

-- name: party_keyed
SELECT movie, field, role, fold, namesake, MAP_FROM_ENTRIES(LIST_SORT(LIST({'key': space, 'value': party}))) AS keys
FROM (
  SELECT movie, field, role, fold, namesake, space, MIN_BY(party, billing) AS party
  FROM party_billed WHERE party IS NOT NULL GROUP BY movie, field, role, fold, namesake, space) k
GROUP BY movie, field, role, fold, namesake

-- name: party_folded
SELECT movie, field, role, fold, namesake, MIN(billing) AS billing, MIN_BY(name, billing) AS name,
       COALESCE(MIN_BY(source, billing) FILTER (WHERE party IS NOT NULL), MIN_BY(source, billing)) AS source,
       MIN_BY(party, billing) FILTER (WHERE party IS NOT NULL) AS party,
       MIN_BY(part, billing) FILTER (WHERE part IS NOT NULL) AS part
FROM party_billed GROUP BY movie, field, role, fold, namesake

-- name: party_fused
SELECT f.movie, f.field, CAST(ROW_NUMBER() OVER (PARTITION BY f.movie, f.field ORDER BY f.billing) - 1 AS INT) AS position,
       f.source, f.party AS key, f.name, f.role, f.part AS character, k.keys
FROM party_folded f
LEFT JOIN party_keyed k
ON k.movie = f.movie AND k.field = f.field AND k.role = f.role AND k.fold = f.fold AND k.namesake = f.namesake

-- People and companies of records -> one row per movie, role and name, the most trusted source's billing first.
-- In: movie_records, movie_orders (movies.sql), party_folds (role kind, name, fold). A company has the role 'company'.

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
SELECT movie, field, role, fold, namesake, MAP_FROM_ENTRIES(LIST({'key': space, 'value': party} ORDER BY space)) AS keys
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

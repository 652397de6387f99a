-- Who is who, kept under stable ids: which of the run's credits changed, and what is connected with them.

-- name: credited
SELECT movie, source, people, companies, coalesce(year, year(released))::BIGINT AS year FROM live JOIN movie_of USING (source, key)

-- name: credited_arrivals
-- When each source first listed each film, among the deliveries that are published at once.
SELECT movie, source, min(arrival) AS arrival FROM movie_of JOIN arrivals USING (source, key) GROUP BY movie, source

-- name: listed_people
-- Every credit of every film.
SELECT movie, source, person.role AS role, coalesce(person.key, '') AS key, person.name AS name, min(year) AS year
FROM (SELECT movie, source, unnest(people) AS person, year FROM credited)
WHERE person.name IS NOT NULL GROUP BY ALL

-- name: listed_companies
SELECT DISTINCT movie, source, '' AS role, coalesce(company.key, '') AS key, company.name AS name, NULL::BIGINT AS year
FROM (SELECT movie, source, unnest(companies) AS company FROM credited)
WHERE company.name IS NOT NULL

-- name: differing
-- Credits of the run's films that are new or removed.
(SELECT movie, source, role, key, name, year FROM listed EXCEPT SELECT movie, source, role, key, name, year FROM stored)
UNION ALL
(SELECT movie, source, role, key, name, year FROM stored EXCEPT SELECT movie, source, role, key, name, year FROM listed)

-- name: differing_keys
-- Their keys: two sources may share a key space.
SELECT DISTINCT coalesce(s.space, d.source) AS space, d.key
FROM differing d LEFT JOIN key_spaces s USING (source) WHERE d.key <> ''

-- name: involved
-- All credits to resolve: the run's films' as listed now, and stored ones of other films with one of the names.
SELECT movie, source, role, nullif(key, '') AS key, name, year FROM listed SEMI JOIN spelt USING (name)
UNION ALL SELECT movie, source, role, nullif(key, ''), name, year FROM stored_credits
WHERE movie NOT IN (SELECT movie FROM affected)

-- name: beginning
-- The names directly connected with a changed credit: its own, and similar names in the same role of its film.
SELECT s.folded FROM differing d JOIN spellings s USING (name)
UNION
SELECT o.folded FROM differing d JOIN spellings s USING (name)
JOIN listed l ON l.movie = d.movie AND l.role = d.role JOIN spellings o ON o.name = l.name AND o.short = s.short

-- name: node_arrivals
-- Nodes with their cluster, and the first arrival of a credit with their name and, if any, key.
SELECT n.space, n.key, n.name, n.party AS cluster, a.arrival
FROM nodes n LEFT JOIN (
  SELECT c.party, c.folded, c.key, min(a.arrival) AS arrival
  FROM credits c JOIN credited_arrivals a USING (movie, source) GROUP BY c.party, c.folded, c.key) a
ON a.party = n.party AND a.folded = n.name AND a.key = CASE WHEN n.space = '' THEN '' ELSE n.key END

-- name: credits_with_ids
-- The credits with the ids of their parties.
SELECT movie, source, role, key, name, folded, short, id AS party, year FROM credits JOIN party_ids USING (party)

-- name: changed_films
SELECT DISTINCT movie FROM (
  (SELECT movie, source, role, key, name, party FROM stored_credits
   EXCEPT SELECT movie, source, role, key, name, party FROM credits_now)
  UNION ALL
  (SELECT movie, source, role, key, name, party FROM credits_now
   EXCEPT SELECT movie, source, role, key, name, party FROM stored_credits))

-- name: shown
-- The parties with their names and keys, ready to be shown.
SELECT i.id, any_value(n.name) FILTER (n.main) AS name,
       coalesce(to_json(list(n.name ORDER BY n.films DESC, n.name) FILTER (NOT n.main))::VARCHAR, '[]') AS aliases,
       coalesce(any_value(k.ids), '{}') AS ids
FROM names n JOIN party_ids i USING (party)
LEFT JOIN (SELECT party, to_json(map_from_entries(list((space, keys) ORDER BY space)))::VARCHAR AS ids
           FROM (SELECT party, space, list(key ORDER BY key) AS keys FROM keys GROUP BY party, space) GROUP BY party) k
  USING (party)
GROUP BY i.id ORDER BY i.id

-- name: party_of_credits
-- The party of every credit of some films: as resolved now, else as stored.
SELECT movie, source, nullif(key, '') AS key, name, role, party AS id FROM
(FROM credits_now UNION ALL FROM credits_before ANTI JOIN names_now USING (folded)) ORDER BY movie

-- name: party_of_all_credits
-- The same where all are in the table {credits}, in its order.
SELECT movie, source, nullif(key, '') AS key, name, role, party AS id FROM {credits}

-- Documents as flat tables. In: documents (movie, document), held (movie, claims), allowed (source). {shape} is what
-- from_json reads of a document (shape.json).

-- name: films
SELECT movie, unnest(from_json(document, '{shape}')) FROM documents

-- name: movies
SELECT id, kind, title, original_title, year, released, runtime, status, certificate, collection, original_language,
       budget, revenue, revenue_scope, popularity, votes, rating.c_rating AS c_rating, rating.low AS c_low, rating.high AS c_high,
       rating.critics AS critics, rating.audience AS audience, rating.sources AS raters, rating.method AS method,
       overview, tagline, poster, trailer, homepage, adult, array_to_string(sources, ' ') AS sources
FROM films ORDER BY movie

-- name: titles
SELECT id, other.title AS title, other.language AS language, other.region AS region FROM (
  SELECT id, movie, unnest(other_titles) AS other, generate_subscripts(other_titles, 1) AS nth FROM films) t ORDER BY movie, nth

-- name: genres
SELECT id, genre.id AS genre, genre.name AS name, genre.facet AS facet, genre.confidence AS confidence FROM (
  SELECT id, movie, unnest(genres) AS genre, generate_subscripts(genres, 1) AS nth FROM films) g ORDER BY movie, nth

-- name: people
SELECT id, one.id AS person, one.name AS name, one.role AS role, one.character AS character, one.position AS position FROM (
  SELECT id, movie, unnest(people) AS one, generate_subscripts(people, 1) AS nth FROM films) p ORDER BY movie, nth

-- name: companies
SELECT id, company.id AS company, company.name AS name FROM (
  SELECT id, movie, unnest(companies) AS company, generate_subscripts(companies, 1) AS nth FROM films) c ORDER BY movie, nth

-- name: countries
SELECT id, country FROM (
  SELECT id, movie, unnest(countries) AS country, generate_subscripts(countries, 1) AS nth FROM films) c ORDER BY movie, nth

-- name: languages
SELECT id, language FROM (
  SELECT id, movie, unnest(languages) AS language, generate_subscripts(languages, 1) AS nth FROM films) l ORDER BY movie, nth

-- name: keywords
SELECT id, keyword FROM (
  SELECT id, movie, unnest(keywords) AS keyword, generate_subscripts(keywords, 1) AS nth FROM films) k ORDER BY movie, nth

-- name: ids
SELECT id, entry.key AS space, entry.value AS external_id FROM (
  SELECT id, movie, unnest(map_entries(ids)) AS entry FROM films) i ORDER BY movie, space

-- name: ratings
SELECT id, one.rater AS rater, one.panel AS panel, one.aspect AS aspect, one.value AS value, one.lowest AS lowest,
       one.highest AS highest, one.votes AS votes, one.source AS source FROM (
  SELECT id, movie, unnest(ratings) AS one, generate_subscripts(ratings, 1) AS nth FROM films) r ORDER BY movie, nth

-- name: claims
SELECT 'mc' || h.movie AS id, f.key AS field, c.value->>'source' AS source,
       coalesce(c.value->>'value', c.value->>'names', c.value->>'labels') AS value,
       CAST(c.value->>'weight' AS DOUBLE) AS weight, CAST(c.value->>'chosen' AS BOOLEAN) AS chosen
FROM held h JOIN documents d ON d.movie = h.movie, json_each(h.claims, '$.fields') f, json_each(f.value->'claims') c
WHERE c.value->>'source' IN (SELECT source FROM allowed)
ORDER BY h.movie, f.id, c.id

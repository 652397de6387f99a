-- One row per film and genre, and per film and company, from the view `films`. `entry` is what a row counts for:
-- the genre's label, the company's id (its name where it has none). `position` of `members` is the entry's place
-- among the film's own: it decides where the odd dollars fall when a film is divided evenly.
WITH dated AS (
  SELECT *, CAST(year(released) AS INT) AS year, CAST(month(released) AS INT) AS month FROM films
)
SELECT 'genres' AS kind, label AS entry, CAST(NULL AS {key_type}) AS id, label AS name, movie, year, month,
       budget, revenue, popularity, votes, CAST(NULL AS BIGINT) AS c_rating, position, members
FROM (SELECT *, unnest(genres) AS label, generate_subscripts(genres, 1) AS position, len(genres) AS members FROM dated)
UNION ALL
SELECT 'production_companies', coalesce(company.key, company.name), CAST(company.key AS {key_type}), company.name, movie,
       year, month, budget, revenue, popularity, votes, CAST(NULL AS BIGINT), position, members
FROM (SELECT *, unnest(companies) AS company, generate_subscripts(companies, 1) AS position, len(companies) AS members
      FROM dated)

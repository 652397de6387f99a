-- A catalogue of :films made-up films, straight into its tables. `real` holds real titles cut in two and numbered from 0;
-- a film's title is the head of one and the tail of another, so words are as common as they are in real titles.
-- `draw` gives each film fixed pseudo-random numbers (a and b are multiplied hashes of its number).
CREATE TEMP TABLE draw AS
WITH RECURSIVE n(movie) AS (SELECT 1 UNION ALL SELECT movie + 1 FROM n WHERE movie < :films),
hashed AS (SELECT movie, movie * 2654435761 % 4294967296 AS a, (movie * 40503 + 977) % 2147483648 * 2246822519 % 4294967296 AS b FROM n)
SELECT movie, a, b, (SELECT count(*) FROM real) AS titles, a / 4294967296.0 AS u, b / 4294967296.0 AS v FROM hashed;

CREATE TEMP TABLE film AS
SELECT movie, trim(h.head || ' ' || t.tail) AS title, 1920 + CAST(105 * (1 - u * u) AS INTEGER) AS year, 1 + a % 12 AS month, 1 + a % 12 AS film_month,
       1 + b % 20 AS genre, 1 + (a / 7) % 20 AS second_genre, 1 + CAST(60000 * u * v AS INTEGER) AS person,
       1 + CAST(20000 * v * v AS INTEGER) AS company, CAST(60000000 * v * v * v * v * v AS INTEGER) AS popularity,
       CAST(1000000 * v * v * v * v * v * v AS INTEGER) AS votes, round(20 + 70 * u, 2) AS c_rating,
       CASE WHEN a % 5 = 0 THEN 1000000 + b % 100000000 END AS budget, CASE WHEN a % 4 = 0 THEN b % 900000000 END AS revenue
FROM draw JOIN real h ON h.n = a % titles JOIN real t ON t.n = b % titles;

INSERT INTO languages (code, name) VALUES ('en', 'English');
INSERT INTO genres (id, name, facet, aliases, ids) SELECT n + 1, name, 'genre', '[]', '{"tmdb":"' || (n + 1) || '"}' FROM genre_names;
INSERT INTO people (id, name, folded, ids) SELECT DISTINCT person, 'Person' || person, 'person' || person, '{}' FROM film;
INSERT INTO companies (id, name, folded, aliases, ids) SELECT DISTINCT company, 'Studio ' || company, 'studio ' || company, '[]', '{}' FROM film;
INSERT INTO identities (movie, state, successor) SELECT movie, 'live', NULL FROM film;
INSERT INTO movies (movie, kind, title, original_title, folded, year, released, budget, revenue, popularity, votes, c_rating, raters, adult, original_language)
SELECT movie, 'feature', title, title, lower(title), year, printf('%d-%02d-15', year, month), budget, revenue, popularity, votes, c_rating, 1, 0, 'en' FROM film;
INSERT INTO titles (movie, position, title, language, region, folded) SELECT movie, 0, title, 'en', NULL, lower(title) FROM film;
INSERT INTO movie_genres (movie, genre, position, confidence) SELECT movie, genre, 0, 900000 FROM film UNION SELECT movie, second_genre, 1, 800000 FROM film WHERE genre <> second_genre;
INSERT INTO movie_companies (movie, position, company, name, keys) SELECT movie, 0, company, 'Studio ' || company, '{}' FROM film;
INSERT INTO external_ids (space, id, movie, position) SELECT 'imdb', printf('tt%07d', movie), movie, 0 FROM film UNION ALL SELECT 'tmdb', CAST(movie AS TEXT), movie, 0 FROM film;
INSERT INTO ratings (movie, rater, aspect, panel, value, lowest, highest, votes, source, points) SELECT movie, 'imdb', 'overall', 'audience', c_rating / 10, 1, 10, votes, 'imdb', c_rating FROM film;
INSERT INTO changes (number, at, movie, kind, fields, source, delivery, decision) SELECT movie, '2026-11-01T12:00:00.000000+00:00', movie, 'created', '{}', NULL, NULL, NULL FROM film;

INSERT INTO documents (movie, document, claims, hash, since, change)
SELECT movie,
       json_object('id', 'mc' || movie, 'kind', 'feature', 'title', title, 'original_title', title, 'year', year,
         'released', printf('%d-%02d-15', year, month), 'runtime', 80 + movie % 60,
         'genres', json_array(json_object('id', genre, 'name', g.name, 'facet', 'genre', 'confidence', 0.9),
                              json_object('id', second_genre, 'name', s.name, 'facet', 'genre', 'confidence', 0.8)),
         'people', json_array(json_object('id', person, 'name', 'Person' || person, 'role', 'director', 'position', 0)),
         'companies', json_array(json_object('id', company, 'name', 'Studio ' || company)),
         'budget', budget, 'revenue', revenue, 'popularity', popularity / 1e6, 'votes', votes,
         'ids', json_object('imdb', printf('tt%07d', movie), 'tmdb', CAST(movie AS TEXT)),
         'rating', json_object('c_rating', c_rating, 'low', c_rating - 9, 'high', c_rating + 9, 'sources', 1),
         'ratings', json_array(json_object('rater', 'imdb', 'panel', 'audience', 'aspect', 'overall', 'value', c_rating / 10, 'lowest', 1.0, 'highest', 10.0, 'source', 'imdb', 'votes', votes)),
         'overview', title || ': what becomes of it, told in two sentences of the length that they usually have. The second is here.',
         'adult', json('false'), 'sources', json_array('imdb', 'kaggle')),
       json_object('id', 'mc' || movie, 'fields', json_object()), printf('%064x', movie), '2026-11-01T12:00:00.000000+00:00', movie
FROM film JOIN genre_names g ON g.n = genre - 1 JOIN genre_names s ON s.n = second_genre - 1;

-- Rollups by year (month 0) and month. Means stand in for medians: only how they are read is measured.
INSERT INTO rollups (
  kind, split, year, month, entry, movies, films, budget, revenue, profit, budget_known, revenue_known, profit_known,
  popularity_sum, popularity_mean, popularity_median, popularity_max, popularity_known, votes, votes_known,
  c_rating_known, c_rating_mean, c_rating_median, c_rating_max, movie_ids)
SELECT kind, 'full', year, m.month, entry, count(*) * 1000000, count(*), sum(budget), sum(revenue), sum(revenue - budget),
       count(budget), count(revenue), count(revenue - budget), sum(popularity), avg(popularity) / 1, avg(popularity) / 1,
       max(popularity), count(popularity), sum(votes), count(votes), count(c_rating),
       CAST(avg(c_rating) * 100 AS INTEGER), CAST(avg(c_rating) * 100 AS INTEGER), CAST(max(c_rating) * 100 AS INTEGER), json_group_array(movie)
FROM (SELECT 'genres' AS kind, genre AS entry, * FROM film UNION ALL SELECT 'production_companies', company, * FROM film)
JOIN (SELECT 0 AS month, NULL AS only UNION ALL SELECT value, value FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]')) m
  ON m.only IS NULL OR m.only = film_month
GROUP BY kind, year, m.month, entry;

-- The records of movies -> claims, labels and ratings. In: members (movie and the columns of a record); movie_raters
-- (rater, panel): each rater's panel.

-- name: movie_records
SELECT *, COALESCE(TRY_CAST(REPLACE(SUBSTRING(delivery, 1, 15), 'T', '') AS BIGINT), 0) AS delivered
FROM members WHERE deleted IS NOT TRUE

-- name: movie_labels
SELECT movie, source, given, LOWER(given) AS label
FROM (SELECT movie, source, UNNEST(genres) AS given FROM movie_records) l WHERE given IS NOT NULL

-- name: movie_listed
SELECT movie, field, source, key, delivered, value, nth FROM (
  SELECT movie, 'languages' AS field, source, key, delivered, UNNEST(languages) AS value, GENERATE_SUBSCRIPTS(languages, 1) AS nth
  FROM movie_records
  UNION ALL
  SELECT movie, 'countries', source, key, delivered, UNNEST(countries), GENERATE_SUBSCRIPTS(countries, 1) FROM movie_records
  UNION ALL
  SELECT movie, 'keywords', source, key, delivered, UNNEST(keywords), GENERATE_SUBSCRIPTS(keywords, 1) FROM movie_records) l
WHERE value IS NOT NULL

-- name: movie_revenues
SELECT movie, source, CASE revenue_scope WHEN 'worldwide' THEN 'revenue' WHEN 'domestic' THEN 'revenue_domestic'
  ELSE 'revenue_unstated' END AS field, revenue, delivered
FROM movie_records WHERE revenue IS NOT NULL

-- name: movie_votes
SELECT movie, source, delivered, LIST_MAX(LIST_TRANSFORM(ratings, lambda r: r.votes)) AS votes
FROM movie_records WHERE ratings IS NOT NULL

-- name: movie_named
SELECT movie, source, entry.key AS space, entry.value AS id, CASE WHEN key = entry.value THEN 1 ELSE 0 END AS own
FROM (SELECT movie, source, key, UNNEST(MAP_ENTRIES(ids)) AS entry FROM movie_records) i WHERE entry.value IS NOT NULL

-- name: movie_tied
SELECT DISTINCT a.movie, a.source FROM movie_named a
JOIN movie_named b ON b.movie = a.movie AND b.space = a.space AND b.id = a.id AND b.source <> a.source

-- name: movie_rated
SELECT movie, source, key, delivered, UNNEST(ratings) AS rating FROM movie_records

-- name: movie_rating_rows
SELECT r.movie, r.source, r.key, r.delivered, COALESCE(r.rating.panel, p.panel) AS panel,
       CASE WHEN r.rating.panel <> p.panel THEN CONCAT(r.rating.rater, '/', r.rating.panel) ELSE r.rating.rater END AS rater,
       COALESCE(r.rating.aspect, 'overall') AS aspect, r.rating.value AS value, r.rating.lowest AS lowest,
       r.rating.highest AS highest, r.rating.votes AS votes, LEN(r.rating.distribution) - 1 AS steps,
       LIST_SUM(r.rating.distribution) AS counted,
       LIST_SUM(LIST_TRANSFORM(r.rating.distribution, lambda count, step: count * (step - 1))) AS total,
       LIST_SUM(LIST_TRANSFORM(r.rating.distribution, lambda count, step: count * (step - 1) * (step - 1))) AS squares
FROM movie_rated r
JOIN movie_raters p ON p.rater = r.rating.rater
WHERE r.rating.value BETWEEN r.rating.lowest AND r.rating.highest AND r.rating.lowest < r.rating.highest

-- name: movie_ratings
SELECT movie, rater, panel, aspect, value, lowest, highest, votes, source,
       ROUND(100 * (value - lowest) / (highest - lowest), 2) AS points,
       CASE WHEN counted > 1 AND steps > 0
            THEN (highest - lowest) / steps * SQRT(GREATEST(0, squares - total * total / counted) / (counted - 1)) END AS deviation
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY movie, rater, aspect
                               ORDER BY delivered DESC, COALESCE(votes, -1) DESC, source, key, value) AS rank
  FROM movie_rating_rows) r
WHERE rank = 1

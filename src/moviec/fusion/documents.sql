-- Fused tables -> one JSON document per movie, and its claims. A member with an unknown value is NULL, and CONCAT_WS
-- leaves it out; so is a list without entries. In: doc_* tables, named and shaped as the fields of Fused; genre_list.

-- name: doc_titles_json
SELECT t.movie, CONCAT('[', STRING_AGG(CONCAT('{', CONCAT_WS(',', '"title":' || TO_JSON(t.title),
         '"language":' || TO_JSON(t.language), '"region":' || TO_JSON(t.region)), '}'), ',' ORDER BY t.position), ']') AS json
FROM doc_titles t JOIN doc_movies m ON m.movie = t.movie
WHERE t.position > 0 AND t.title <> COALESCE(m.original_title, '') GROUP BY t.movie

-- name: doc_genres_json
SELECT g.movie, CONCAT('[', STRING_AGG(CONCAT('{"id":', g.genre, ',"name":', TO_JSON(l.name), ',"facet":', TO_JSON(l.facet),
         ',"confidence":', TO_JSON(ROUND(g.confidence / 1000000, 3)), '}'), ',' ORDER BY g.position), ']') AS json
FROM doc_movie_genres g JOIN genre_list l ON l.genre = g.genre GROUP BY g.movie

-- name: doc_keywords_json
SELECT movie, CAST(TO_JSON(LIST(keyword ORDER BY position)) AS STRING) AS json FROM doc_keywords GROUP BY movie

-- name: doc_languages_json
SELECT movie, CAST(TO_JSON(LIST(language ORDER BY position)) AS STRING) AS json FROM doc_movie_languages GROUP BY movie

-- name: doc_countries_json
SELECT movie, CAST(TO_JSON(LIST(country ORDER BY position)) AS STRING) AS json FROM doc_movie_countries GROUP BY movie

-- name: doc_people_json
SELECT movie, CONCAT('[', STRING_AGG(CONCAT('{', CONCAT_WS(',', '"id":' || TO_JSON(person), '"name":' || TO_JSON(name),
         '"role":' || TO_JSON(role), '"character":' || TO_JSON(character), '"position":' || position), '}'), ',' ORDER BY position),
         ']') AS json
FROM doc_credits GROUP BY movie

-- name: doc_companies_json
SELECT movie, CONCAT('[', STRING_AGG(CONCAT('{', CONCAT_WS(',', '"id":' || TO_JSON(company), '"name":' || TO_JSON(name)), '}'),
         ',' ORDER BY position), ']') AS json
FROM doc_companies GROUP BY movie

-- name: doc_ids_json
SELECT movie, CONCAT('{', STRING_AGG(CONCAT(TO_JSON(space), ':', TO_JSON(id)), ',' ORDER BY space), '}') AS json
FROM doc_external_ids WHERE position = 0 GROUP BY movie

-- name: doc_aspects_json
SELECT movie, CONCAT('{', STRING_AGG(CONCAT(TO_JSON(aspect), ':', TO_JSON(c_rating)), ',' ORDER BY aspect), '}') AS json
FROM doc_scores WHERE aspect <> 'overall' GROUP BY movie

-- name: doc_rating_json
SELECT s.movie, CONCAT('{', CONCAT_WS(',', '"c_rating":' || TO_JSON(s.c_rating), '"low":' || TO_JSON(s.low),
         '"high":' || TO_JSON(s.high), '"critics":' || TO_JSON(s.critics), '"audience":' || TO_JSON(s.audience),
         '"sources":' || s.sources, '"base":' || TO_JSON(s.base), '"contributions":' || TO_JSON(s.contributions),
         '"aspects":' || a.json, '"method":' || TO_JSON(s.method)), '}') AS json
FROM doc_scores s LEFT JOIN doc_aspects_json a ON a.movie = s.movie
WHERE s.aspect = 'overall'

-- name: doc_ratings_json
SELECT movie, CONCAT('[', STRING_AGG(CONCAT('{', CONCAT_WS(',', '"rater":' || TO_JSON(rater), '"panel":' || TO_JSON(panel),
         '"aspect":' || TO_JSON(aspect), '"value":' || TO_JSON(value), '"lowest":' || TO_JSON(lowest),
         '"highest":' || TO_JSON(highest), '"votes":' || votes, '"source":' || TO_JSON(source)), '}'), ','
         ORDER BY rater, aspect), ']') AS json
FROM doc_ratings GROUP BY movie

-- name: doc_money_json
SELECT movie, CONCAT('[', STRING_AGG(CONCAT('{', CONCAT_WS(',', '"field":' || TO_JSON(field), '"amount":' || amount,
         '"currency":' || TO_JSON(currency), '"scope":' || TO_JSON(scope), '"source":' || TO_JSON(source)), '}'), ','
         ORDER BY field, source, currency, amount, scope), ']') AS json
FROM doc_money GROUP BY movie

-- name: doc_confidence_json
SELECT f.movie, CONCAT('{', STRING_AGG(CONCAT(TO_JSON(f.field), ':', TO_JSON(ROUND(f.confidence / 1000000, 3))), ','
         ORDER BY r.place), '}') AS json
FROM doc_fields f JOIN doc_rules r ON r.field = f.field
WHERE r.judged AND f.rule <> 'union' GROUP BY f.movie

-- name: doc_sources_json
SELECT movie, CAST(TO_JSON(LIST(source ORDER BY source)) AS STRING) AS json FROM doc_sources GROUP BY movie

-- name: doc_documents
SELECT m.movie, CONCAT('{', CONCAT_WS(',', '"id":"mc' || m.movie || '"', '"kind":' || TO_JSON(m.kind),
    '"title":' || TO_JSON(COALESCE(m.title, m.original_title, '')), '"original_title":' || TO_JSON(m.original_title), '"other_titles":' || t.json,
    '"year":' || m.year, '"released":' || TO_JSON(m.released), '"runtime":' || m.runtime, '"status":' || TO_JSON(m.status),
    '"certificate":' || TO_JSON(m.certificate), '"collection":' || TO_JSON(m.collection), '"genres":' || g.json,
    '"keywords":' || k.json, '"original_language":' || TO_JSON(m.original_language), '"languages":' || l.json,
    '"countries":' || c.json, '"people":' || p.json, '"companies":' || f.json, '"budget":' || m.budget,
    '"revenue":' || m.revenue, '"revenue_scope":' || TO_JSON(m.revenue_scope), '"money":' || o.json,
    '"popularity":' || TO_JSON(m.popularity / 1000000), '"votes":' || m.votes, '"ids":' || i.json, '"rating":' || r.json,
    '"ratings":' || a.json, '"overview":' || TO_JSON(m.overview), '"tagline":' || TO_JSON(m.tagline),
    '"poster":' || w.poster, '"trailer":' || COALESCE(v.poster, CASE WHEN m.trailer LIKE '%://%' THEN TO_JSON(m.trailer) END),
    '"homepage":' || TO_JSON(m.homepage),
    '"adult":' || TO_JSON(m.adult), '"confidence":' || y.json, '"sources":' || s.json), '}') AS document
FROM doc_movies m
LEFT JOIN doc_posters w ON w.address = m.poster AND w.poster LIKE '{%'
LEFT JOIN doc_posters v ON v.address = m.trailer AND v.poster LIKE '"%'
LEFT JOIN doc_titles_json t ON t.movie = m.movie
LEFT JOIN doc_genres_json g ON g.movie = m.movie
LEFT JOIN doc_keywords_json k ON k.movie = m.movie
LEFT JOIN doc_languages_json l ON l.movie = m.movie
LEFT JOIN doc_countries_json c ON c.movie = m.movie
LEFT JOIN doc_people_json p ON p.movie = m.movie
LEFT JOIN doc_companies_json f ON f.movie = m.movie
LEFT JOIN doc_ids_json i ON i.movie = m.movie
LEFT JOIN doc_rating_json r ON r.movie = m.movie
LEFT JOIN doc_ratings_json a ON a.movie = m.movie
LEFT JOIN doc_money_json o ON o.movie = m.movie
LEFT JOIN doc_confidence_json y ON y.movie = m.movie
LEFT JOIN doc_sources_json s ON s.movie = m.movie

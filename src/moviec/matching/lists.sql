-- name: features
-- A film list (view `read_list`: its columns as text and read, and `position`) as FEATURES rows in its order.
WITH read AS (SELECT {cells}, position FROM read_list)
SELECT {source} AS source,
       coalesce(id, CAST(position AS VARCHAR)) AS key,
       list_distinct(list_filter(list_concat([known_text(title), known_text(original_title)], coalesce(other_titles, [])),
         lambda t: t IS NOT NULL)) AS titles,
       coalesce(try_cast(year AS INTEGER), year(try_cast(released AS DATE))::INTEGER, try_cast(released_year AS INTEGER),
         try_cast(title_year AS INTEGER)) AS year,
       try_cast(released AS DATE) AS released,
       CASE WHEN try_cast(runtime AS DOUBLE) BETWEEN 1 AND 1500 THEN try_cast(try_cast(runtime AS DOUBLE) AS INTEGER) END AS runtime,
       CASE WHEN is_no_film(kind) THEN 'no film' ELSE film_kind(kind) END AS kind,
       directors,
       people AS "cast",
       genres,
       NULL::VARCHAR[] AS scores,
       NULL::BIGINT AS votes,
       map_from_entries(list_filter([
         {'k': 'imdb', 'v': coalesce(known_text(imdb_id), title_imdb)},
         {'k': 'tmdb', 'v': coalesce(known_text(tmdb_id), title_tmdb)}
       ], lambda e: e.v IS NOT NULL)) AS ids
FROM read ORDER BY position

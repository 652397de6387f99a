-- name: features
-- A film list (view `listed`: its columns as text, and `position`) as FEATURES rows in its order.
WITH read AS (SELECT {cells}, position FROM listed),
counted AS (SELECT *, minutes_in(runtime) AS minutes, lower(regexp_replace(kind, '[^A-Za-z]', '', 'g')) AS plain_kind FROM read)
SELECT {source} AS source,
       coalesce(id, CAST(position AS VARCHAR)) AS key,
       list_distinct(list_filter(list_concat([title, original_title], coalesce(title_list(other_titles), [])),
         lambda t: t IS NOT NULL)) AS titles,
       coalesce(year_in(year), year_in(released)) AS year,
       try_cast(released AS DATE) AS released,
       CASE WHEN minutes BETWEEN 1 AND 1500 THEN minutes END AS runtime,
       CASE WHEN plain_kind IN ('movie', 'feature', 'film', 'featurefilm') THEN 'feature'
            WHEN plain_kind IN ('tvmovie', 'tvfilm') THEN 'tv_movie'
            WHEN plain_kind IN ('short', 'video') THEN plain_kind
            WHEN plain_kind IN ('series', 'episode', 'game', 'show', 'tvseries', 'tvshow', 'tvepisode', 'tvminiseries', 'tvspecial',
              'tvshort', 'tvpilot', 'videogame', 'podcast', 'podcastseries', 'podcastepisode', 'musicvideo') THEN 'no film' END AS kind,
       name_list(directors) AS directors,
       name_list(people) AS "cast",
       label_list(genres) AS genres,
       NULL::VARCHAR[] AS scores,
       map_from_entries(list_filter([
         {'k': 'imdb', 'v': 'tt' || lpad(ltrim(nullif(regexp_extract(imdb_id, '^(?:tt)?([0-9]+)$', 1), ''), '0'), 7, '0')},
         {'k': 'tmdb', 'v': nullif(regexp_extract(tmdb_id, '^([0-9]+)(?:\.0)?$', 1), '')}
       ], lambda e: e.v IS NOT NULL)) AS ids
FROM counted ORDER BY position

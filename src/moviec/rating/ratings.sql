-- Ratings as delivered -> ratings that count, one per film, aspect and rater, in points 0-100.
-- In: view rating_rows (file_row, movie, source, value, lowest, highest, votes, panel, aspect, deviation), text or numbers.

-- name: rating_typed
SELECT file_row, TRIM(CAST(movie AS STRING)) AS movie, TRIM(CAST(source AS STRING)) AS source,
       CAST(value AS STRING) AS value_text, CAST(votes AS STRING) AS votes_text,
       TRY_CAST(value AS DOUBLE) AS value, TRY_CAST(lowest AS DOUBLE) AS lowest, TRY_CAST(highest AS DOUBLE) AS highest,
       TRY_CAST(votes AS DOUBLE) AS votes, NULLIF(LOWER(TRIM(CAST(panel AS STRING))), '') AS panel,
       COALESCE(NULLIF(LOWER(TRIM(CAST(aspect AS STRING))), ''), 'overall') AS aspect,
       TRY_CAST(deviation AS DOUBLE) AS deviation, CAST(deviation AS STRING) AS deviation_text
FROM rating_rows

-- name: rating_judged
SELECT *, CASE
    WHEN COALESCE(movie, '') = '' THEN 'no movie'
    WHEN COALESCE(source, '') = '' THEN 'no source'
    WHEN COALESCE(TRIM(value_text), '') = '' THEN 'no value'
    WHEN value IS NULL OR ISNAN(value) THEN 'the value is not a number'
    WHEN lowest IS NULL OR highest IS NULL THEN 'the scale (lowest, highest) is not given in numbers'
    WHEN NOT lowest < highest OR ISNAN(lowest) OR ISNAN(highest) THEN 'the scale is upside down'
    WHEN NOT highest - lowest BETWEEN 1e-9 AND 1e9 THEN 'the scale has no end'
    WHEN value < lowest OR value > highest THEN 'the value is outside its scale'
    WHEN COALESCE(TRIM(votes_text), '') <> '' AND (votes IS NULL OR NOT votes <= 1e15) THEN 'the votes are not a number'
    WHEN votes < 0 THEN 'the votes are negative'
    WHEN votes = 0 THEN 'a value without a vote'
    WHEN COALESCE(TRIM(deviation_text), '') <> '' AND (deviation IS NULL OR NOT deviation BETWEEN 0 AND highest - lowest)
      THEN 'the deviation is no number between 0 and the width of the scale'
    WHEN panel NOT IN ('critics', 'audience') THEN 'the panel is neither critics nor audience'
  END AS reason
FROM rating_typed

-- One source in several spellings ("imdb", "IMDb") is one source, named by the alphabetically first spelling.
-- name: rating_spelled
SELECT file_row, movie, MIN(source) OVER (PARTITION BY LOWER(source)) AS source, value_text, value, lowest, highest, votes,
       panel, aspect, deviation
FROM rating_judged WHERE reason IS NULL

-- Rows without a panel belong to the audience if the same source has rows of critics.
-- name: rating_sources
SELECT source, COUNT(DISTINCT COALESCE(panel, 'audience')) AS panels, MIN(panel) AS panel
FROM rating_spelled GROUP BY source

-- name: rating_ranked
SELECT j.file_row, j.movie, j.aspect, j.votes, j.value_text,
       CASE WHEN s.panels > 1 THEN CONCAT(j.source, '/', COALESCE(j.panel, 'audience')) ELSE j.source END AS rater,
       CASE WHEN s.panels > 1 THEN COALESCE(j.panel, 'audience') ELSE s.panel END AS panel,
       ROUND(100 * (j.value - j.lowest) / (j.highest - j.lowest), 4) AS points,
       100 * j.deviation / (j.highest - j.lowest) AS deviation,
       CASE WHEN j.lowest = 0 AND j.highest IN (1, 100) THEN 1 ELSE 0 END AS hundred,
       ROW_NUMBER() OVER (
         PARTITION BY j.movie, j.aspect, j.source, CASE WHEN s.panels > 1 THEN COALESCE(j.panel, 'audience') END
         ORDER BY COALESCE(j.votes, -1) DESC, j.file_row DESC) AS place
FROM rating_spelled j JOIN rating_sources s ON s.source = j.source

-- name: rating_kept
SELECT movie, aspect, rater, panel, points, votes, deviation, hundred FROM rating_ranked WHERE place = 1

-- name: rating_rejected
SELECT file_row, movie, source, value_text AS value, reason FROM rating_judged WHERE reason IS NOT NULL
UNION ALL
SELECT file_row, movie, rater, value_text, 'the same rater has another row for this film, with as many votes or more'
FROM rating_ranked WHERE place > 1

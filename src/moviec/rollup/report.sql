-- The view `parts` of one kind over a span of months: one row per genre or company, or per each and year.
-- {value} is the amount added up as asked (see report.py), {amount} the amount itself; `known` films have one.
-- Without a month, films whose month is unknown count, too.
WITH span AS (
  SELECT *, {year} AS bucket
  FROM parts
  WHERE kind = '{kind}' AND year BETWEEN {first_year} AND {last_year} AND {month}
),
named AS (
  SELECT entry, name FROM (
    SELECT entry, name, row_number() OVER (PARTITION BY entry ORDER BY count(*) DESC, name) AS place
    FROM span GROUP BY entry, name) AS counted
  WHERE place = 1
)
SELECT
  coalesce(max(span.id), max(genre_labels.id)) AS id,
  coalesce(max(genre_labels.name), max(named.name)) AS name,
  bucket AS year,
  count(*) AS movies,
  count({amount}) AS known,
  {value} AS value
FROM span
JOIN named ON named.entry = span.entry
LEFT JOIN genre_labels ON span.kind = 'genres' AND genre_labels.label = span.entry
GROUP BY span.entry, bucket

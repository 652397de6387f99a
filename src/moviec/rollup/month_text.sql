-- The text of each month file from the table `months`, one figure per line: popularity in its usual decimals.
-- {movies} is a film as it counts, whole or in parts; {named} and {behind} are the name and the movie ids, or nothing.
SELECT
  kind, year, month,
  '{{"year": ' || year || ', "month": ' || month || ', "split": "{split}", "' || kind || '": [' || chr(10)
    || string_agg(to_json({{
      'id': id, {named}
      'movies': {movies}, 'budget': budget, 'revenue': revenue, 'profit': profit,
      'known': {{'budget': budget_known, 'revenue': revenue_known, 'profit': profit_known}},
      'popularity': {{'sum': popularity_sum / 1e6, 'mean': popularity_mean / 1e6,
                     'median': popularity_median / 1e6, 'max': popularity_max / 1e6}},
      'votes': votes{behind}
    }}), ',' || chr(10) ORDER BY place) || chr(10) || ']}}' || chr(10) AS text
FROM (SELECT *, row_number() OVER () AS place FROM months)
GROUP BY kind, year, month
ORDER BY kind, year, month

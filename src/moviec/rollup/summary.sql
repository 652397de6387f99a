-- The records in groups that share what matters to a run's report: why they count or not, what was set to unknown.
SELECT
  problems,
  released IS NOT NULL AS dated,
  {out} AS out_already,
  coalesce(revenue > 0, false) AS earned,
  count(*) AS films
FROM records
GROUP BY ALL

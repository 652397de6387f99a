-- The records in groups that share what matters to a run's report: why they count or not, what was set to unknown.
SELECT
  problems,
  released IS NOT NULL AS dated,
  coalesce(status = 'Released', false) AS out_already,
  coalesce(revenue > 0, false) AS earned,
  count(*) AS films
FROM records
GROUP BY ALL

-- name: checked
-- Impossible values become unknown, each counted under the name of its rule. The rules hold for every source.
-- Dollars: the Kaggle data have no budget between 250 and 4,986 and no revenue between 953 and 1,910; what lies
-- below are figures in thousands or millions ("2", "8", "120"), so under 1,000 dollars is a unit error.
-- No film earned more than 3 billion dollars, or cost more than half a billion; none runs longer than
-- 60,000 minutes (Logistics, of 2012: 51,420); IMDb's most voted one has 3 million votes. What is far above is an error
-- of units or digits, and would drown every sum that it is part of.
-- Invalid names of people and companies (macros.sql) are left out; a person's needs a letter.
-- Dates: the oldest film listed anywhere is of 1874, the farthest announced one of 2115.
SELECT * EXCLUDE (people_named, companies_named) REPLACE (
  CASE WHEN budget BETWEEN 1000 AND 10000000000 THEN budget END AS budget,
  CASE WHEN revenue BETWEEN 1000 AND 10000000000 THEN revenue END AS revenue,
  CASE WHEN revenue BETWEEN 1000 AND 10000000000 THEN revenue_scope END AS revenue_scope,
  CASE WHEN runtime BETWEEN 1 AND 60000 THEN runtime END AS runtime,
  CASE WHEN year BETWEEN 1874 AND 2115 THEN year END AS year,
  CASE WHEN year(released) BETWEEN 1874 AND 2115 THEN released END AS released,
  CASE WHEN regexp_matches(lower(homepage), '^https?:') OR NOT regexp_matches(homepage, '^[A-Za-z][A-Za-z0-9+.-]*:')
       THEN homepage END AS homepage,
  CASE WHEN popularity BETWEEN 0 AND 1000000000000 THEN popularity END AS popularity,
  list_concat(problems, list_filter([
    CASE WHEN budget = 0 THEN 'budget_zero' WHEN budget < 0 THEN 'budget_negative'
         WHEN budget < 1000 THEN 'budget_under_1000_dollars'
         WHEN budget > 10000000000 THEN 'budget_over_10_billion_dollars' END,
    CASE WHEN revenue = 0 THEN 'revenue_zero' WHEN revenue < 0 THEN 'revenue_negative'
         WHEN revenue < 1000 THEN 'revenue_under_1000_dollars'
         WHEN revenue > 10000000000 THEN 'revenue_over_10_billion_dollars' END,
    CASE WHEN budget IS NULL AND len(list_filter(money, lambda m: m.field = 'budget')) > 0 THEN 'budget_in_another_currency' END,
    CASE WHEN revenue IS NULL AND len(list_filter(money, lambda m: m.field = 'revenue')) > 0 THEN 'revenue_in_another_currency' END,
    CASE WHEN runtime = 0 THEN 'runtime_zero' WHEN runtime < 0 THEN 'runtime_negative'
         WHEN runtime > 60000 THEN 'runtime_over_60000_minutes' END,
    CASE WHEN year NOT BETWEEN 1874 AND 2115 OR year(released) NOT BETWEEN 1874 AND 2115
         THEN 'year_impossible' END,
    CASE WHEN popularity < 0 THEN 'popularity_negative'
         WHEN popularity > 1000000000000 THEN 'popularity_over_1_million' END,
    CASE WHEN len(list_filter(ratings, lambda r: r.value NOT BETWEEN r.lowest AND r.highest)) > 0
         THEN 'rating_outside_its_scale' END,
    CASE WHEN len(list_filter(ratings, lambda r: r.votes < 0)) > 0 THEN 'votes_negative' END,
    CASE WHEN len(list_filter(ratings, lambda r: r.votes > 1000000000)) > 0 THEN 'votes_over_1_billion' END
  ], lambda p: p IS NOT NULL)) AS problems,
  CASE WHEN len(people_named) > 0 THEN people_named END AS people,
  CASE WHEN len(companies_named) > 0 THEN companies_named END AS companies,
  list_concat(list_problems, list_filter([
    CASE WHEN len(people_named) < len(people) THEN 'people_name_impossible' END,
    CASE WHEN len(companies_named) < len(companies) THEN 'companies_name_impossible' END
  ], lambda p: p IS NOT NULL)) AS list_problems,
  list_transform(
    list_filter(ratings, lambda r: r.value BETWEEN r.lowest AND r.highest),
    lambda r: struct_update(r, votes := CASE WHEN r.votes BETWEEN 0 AND 1000000000 THEN r.votes END)) AS ratings
)
FROM (
  SELECT *,
    CASE WHEN odd_people(people) THEN list_filter(list_transform(people, lambda p: struct_update(p, name := name_mended(p.name))),
      lambda p: has_letter(p.name) AND NOT no_name(p.name) AND NOT no_person(p.name)) ELSE people END AS people_named,
    CASE WHEN odd_companies(companies) THEN list_filter(list_transform(companies, lambda c: struct_update(c, name := name_mended(c.name))),
      lambda c: NOT no_name(c.name)) ELSE companies END AS companies_named
  FROM {rows})

-- name: priced
-- The dollar value of amounts in other currencies at the film's release, by the dated table of rates; in the middle of
-- the year if only the year is known.
SELECT read.*, list_transform(money, lambda m: {
  'field': m.field, 'scope': m.scope,
  'dollars': try_cast(round(m.amount * list_filter(by_currency[m.currency],
    lambda r: coalesce(released, make_date(year, 7, 1)) BETWEEN r.since AND r.until)[1].dollars) AS BIGINT)}) AS worth
FROM read CROSS JOIN (
  SELECT map_from_entries(list({'k': currency, 'v': dated})) AS by_currency
  FROM (SELECT currency, list({'since': since, 'until': until, 'dollars': dollars}) AS dated FROM exchange_rates GROUP BY currency))

-- name: dollars
-- An amount in dollars is preferred to a converted one, worldwide takings to those of a part of the world.
SELECT * EXCLUDE (worth) REPLACE (
  coalesce(budget, list_filter(worth, lambda w: w.field = 'budget' AND w.dollars IS NOT NULL)[1].dollars) AS budget,
  coalesce(revenue, list_filter(worth, lambda w: w.field = 'revenue' AND w.dollars IS NOT NULL)[1].dollars) AS revenue,
  CASE WHEN revenue IS NOT NULL THEN revenue_scope
       ELSE list_filter(worth, lambda w: w.field = 'revenue' AND w.dollars IS NOT NULL)[1].scope END AS revenue_scope)
FROM priced

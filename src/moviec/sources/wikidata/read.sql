-- Answers of Wikidata's query service into records. The view `facts` has one value per row: "body.p.value" is the
-- property (or "label"), "body.value.value" the value, "body.label.value" an item's English label, "body.more.value"
-- the language of a title, the precision of a date (11 a day, 9 a year) or the unit of a quantity. Money in US dollars
-- (Q4917) is budget and revenue; in other currencies it is kept as stated, in one that is not listed here under the
-- number of its item.
WITH currencies(item, code) AS (VALUES
  ('Q4916', 'EUR'), ('Q25224', 'GBP'), ('Q8146', 'JPY'), ('Q80524', 'INR'), ('Q39099', 'CNY'), ('Q202040', 'KRW'), ('Q1104069', 'CAD'),
  ('Q259502', 'AUD'), ('Q25344', 'CHF'), ('Q41044', 'RUB'), ('Q122922', 'SEK'), ('Q132643', 'NOK'), ('Q25417', 'DKK'), ('Q123213', 'PLN'),
  ('Q173117', 'BRL'), ('Q16068', 'DEM'), ('Q184172', 'FRF')
), said AS (
  SELECT id, _position, _line, "body.p.value" AS p, tidy("body.value.value") AS v, tidy("body.label.value") AS label,
         tidy("body.more.value") AS more, regexp_extract("body.value.value", '/entity/(Q[0-9]+)$', 1) AS item,
         coalesce(code, regexp_extract("body.more.value", '/entity/(Q[0-9]+)$', 1)) AS currency
  FROM facts LEFT JOIN currencies ON currencies.item = regexp_extract("body.more.value", '/entity/(Q[0-9]+)$', 1)
), grouped AS (
  SELECT
    id, min(_position) AS _position, min(_line) AS _line,
    max(v) FILTER (p = 'label' AND more = 'en') AS english,
    min(v) FILTER (p = 'label') AS any_label,
    min(v) FILTER (p = 'P1476') AS original,
    list_sort(list(DISTINCT {'title': v, 'language': more, 'region': NULL::VARCHAR})
      FILTER (p IN ('label', 'P1476') AND v IS NOT NULL)) AS titles,
    min(try_cast(v[:10] AS DATE)) FILTER (p = 'P577' AND more = '11') AS released,
    min(try_cast(v[:4] AS INTEGER)) FILTER (p = 'P577' AND try_cast(more AS INTEGER) >= 9) AS year,
    min(round(try_cast(v AS DOUBLE) * CASE WHEN more LIKE '%/Q7727' THEN 1 WHEN more LIKE '%/Q25235' THEN 60
      WHEN more LIKE '%/Q11574' THEN 1 / 60 END)::INTEGER) FILTER (p = 'P2047') AS runtime,
    list(DISTINCT label ORDER BY label) FILTER (p = 'P31' AND label IS NOT NULL) AS classes,
    list_sort(list(DISTINCT regexp_replace(label, ' film$', '')) FILTER (p = 'P136' AND label IS NOT NULL)) AS genres,
    min(label) FILTER (p = 'P179') AS collection,
    list(DISTINCT v ORDER BY v) FILTER (p = 'P495') AS countries,
    list(DISTINCT v ORDER BY v) FILTER (p = 'P364') AS languages,
    list({'name': label, 'key': item, 'role': CASE p WHEN 'P57' THEN 'director' WHEN 'P58' THEN 'writer' WHEN 'P161' THEN 'actor'
            WHEN 'P162' THEN 'producer' WHEN 'P86' THEN 'composer' ELSE 'cinematographer' END,
          'character': NULL::VARCHAR, 'position': NULL::INTEGER} ORDER BY _position)
      FILTER (p IN ('P57', 'P58', 'P161', 'P162', 'P86', 'P344') AND label IS NOT NULL AND item <> '') AS people,
    list({'name': label, 'key': item} ORDER BY _position) FILTER (p = 'P272' AND label IS NOT NULL AND item <> '') AS companies,
    max(try_cast(v AS DECIMAL(38, 4))::BIGINT) FILTER (p = 'P2130' AND more LIKE '%/Q4917') AS budget,
    max(try_cast(v AS DECIMAL(38, 4))::BIGINT) FILTER (p = 'P2142' AND more LIKE '%/Q4917') AS revenue,
    list_sort(list(DISTINCT money_of(CASE p WHEN 'P2130' THEN 'budget' ELSE 'revenue' END, try_cast(v AS DECIMAL(38, 4))::BIGINT,
      currency, NULL)) FILTER (p IN ('P2130', 'P2142') AND more LIKE '%/Q%' AND more NOT LIKE '%/Q4917')) AS money,
    min(v) FILTER (p = 'P345' AND regexp_full_match(v, 'tt[0-9]{7,10}')) AS imdb,
    min(v) FILTER (p = 'P4947') AS tmdb,
    min(lower(v)) FILTER (p = 'P1258' AND v LIKE 'm/%') AS rottentomatoes,
    min(lower(v)) FILTER (p = 'P1712' AND v LIKE 'movie/%') AS metacritic,
    min(v) FILTER (p = 'P6127') AS letterboxd,
    min(v) FILTER (p = 'P1265') AS allocine,
    min(v) FILTER (p = 'P4529') AS douban,
    min(v) FILTER (p = 'P2603') AS kinopoisk,
    min(v) FILTER (p = 'P5646') AS anidb,
    min(v) FILTER (p = 'P856') AS homepage
  FROM said GROUP BY id
)
SELECT
  _position,
  'facts' AS role,
  _line AS line,
  id AS key,
  CASE WHEN list_has_any(classes, ['short film', 'animated short film']) THEN 'short'
       WHEN list_contains(classes, 'television film') THEN 'tv_movie' ELSE 'feature' END AS kind,
  coalesce(english, original, any_label) AS title,
  original AS original_title,
  titles AS other_titles,
  coalesce(year, year(released))::INTEGER AS year,
  CASE WHEN year(released) <= coalesce(year, year(released)) THEN released END AS released,
  runtime,
  nullif(list_sort(list_distinct(list_concat(genres, list_filter(list_transform(classes, lambda c: regexp_replace(c, ' film$', '')),
    lambda c: c IN ('animated', 'documentary', 'silent'))))), []) AS genres,
  collection,
  countries,
  languages,
  people,
  companies,
  budget,
  revenue,
  known_money(money) AS money,
  known_ids([{'k': 'wikidata', 'v': id}, {'k': 'imdb', 'v': imdb}, {'k': 'tmdb', 'v': tmdb}, {'k': 'rottentomatoes', 'v': rottentomatoes},
    {'k': 'metacritic', 'v': metacritic}, {'k': 'letterboxd', 'v': letterboxd}, {'k': 'allocine', 'v': allocine},
    {'k': 'douban', 'v': douban}, {'k': 'kinopoisk', 'v': kinopoisk}, {'k': 'anidb', 'v': anidb}]) AS ids,
  homepage,
  []::VARCHAR[] AS problems,
  NULL::VARCHAR[] AS list_problems
FROM grouped

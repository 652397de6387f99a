-- Film lists into records. View `films`; lists inside a row are JSON text.
-- The key is the article's address where no other film shares it, else "Title (year)", numbered from the second on. Two rows of one
-- title, a year apart at most, whose casts share somebody (or one has none) mean the film of the article that both link to: it
-- is their id. The 21 such pairs that had not been joined, checked by eye, were one film each; one pair without a
-- shared name was not. A cast may be a sentence about the film, cut at its links ("life in", "Chicago", "ghettos"): it
-- has a piece that is no name nor a label ("Voices of"), or no full name at all. Then anything but a full name is
-- dropped; so are single words in lower case ("cartoon"). They are put in brackets, as notes, by which they are
-- rejected and counted. Titles may carry what is no title: a style sheet that the page drew a fraction with, "(film)",
-- "(1920 film)".
WITH shared AS (
  SELECT tidy(href) AS href, true AS is_shared FROM films WHERE tidy(href) IS NOT NULL GROUP BY ALL HAVING count(*) > 1
),
-- Each step names what the next one uses more than once: an alias used inside of a lambda is computed again for each
-- element.
listed_films AS (
  SELECT films.*, is_shared, try_cast(tidy(year) AS INTEGER) AS year_read, listed(genres, ',') AS genres_read,
    names_listed("cast", ',') AS linked
  FROM films
  LEFT JOIN shared ON shared.href = tidy(films.href)
),
judged AS (
  SELECT *,
    len(linked) > 1 AND (len(list_filter(linked, lambda n: n = 'of' OR no_person(n) OR regexp_matches(n, '^(?:\S+ )?[^\p{Lu}]+ (?:of|from|between|against)$')
      AND NOT regexp_matches(n, '(?i)^(?:voice|narrat|archive|footage|interview|starring|featuring)'))) > 0
      OR len(list_filter(linked, lambda n: regexp_matches(n, '^\p{Ll}[^\p{Lu}.]*$') AND NOT no_name(n))) > 0 AND NOT list_bool_or(list_transform(linked, lambda n: regexp_matches(n, '^\p{Lu}\S* .*\p{Lu}')))) AS is_sentence
  FROM listed_films
),
parsed AS (
  SELECT * EXCLUDE (is_shared, is_sentence),
    list_transform(linked, lambda n: CASE
      WHEN is_sentence AND regexp_matches(n, '^[^ ]+$|^[^\p{Lu}.]+$| and ') THEN '(' || n || ')'
      WHEN len(linked) > 1 AND regexp_matches(n, '^\p{Ll}+$') THEN '(' || n || ')'
      ELSE n END) AS cast_read,
    tidy(regexp_replace(regexp_replace(title, '\.mw-parser-output.*\}', ''), '\s*\((?:[0-9]{4} )?(?:film|serial)\)$', '')) AS name,
    CASE WHEN is_shared IS NULL THEN tidy(href) END AS article,
    tidy(title) || coalesce(' (' || year_read || ')', '') AS label
  FROM judged
),
twice AS (
  SELECT tidy(href) AS href FROM parsed WHERE article IS NULL AND tidy(href) IS NOT NULL
  GROUP BY ALL HAVING count(*) = 2 AND count(DISTINCT lower(name)) = 1 AND max(year_read) - min(year_read) <= 1
    AND (len(list_intersect(any_value(linked ORDER BY _position), any_value(linked ORDER BY _position DESC))) > 0
      OR min(len(coalesce(linked, []))) = 0)
),
numbered AS (
  SELECT _position, row_number() OVER (PARTITION BY label ORDER BY _position) AS place FROM parsed WHERE article IS NULL
)
SELECT
  parsed._position,
  'films' AS role,
  _line AS line,
  CASE WHEN article IS NOT NULL THEN article WHEN place = 1 THEN label ELSE label || ' #' || place END AS key,
  CASE WHEN list_contains(genres_read, 'Short') THEN 'short' END AS kind,
  name AS title,
  titles_as([CASE WHEN name <> tidy(title) AND NOT contains(title, '.mw-parser-output') THEN tidy(title) END]) AS other_titles,
  year_read AS year,
  genres_read AS genres,
  people_as('actor', cast_read) AS people,
  known_ids([{'k': 'wikipedia', 'v': coalesce(article, twice.href)}]) AS ids,
  problems_in([
    unreadable('year', year, year_read IS NULL)
  ]) AS problems,
  problems_in([
    unreadable('people', "cast", listed("cast", ',') IS NULL AND "cast" <> '[]')
  ]) AS list_problems
FROM parsed
LEFT JOIN numbered ON numbered._position = parsed._position
LEFT JOIN twice ON twice.href = tidy(parsed.href)

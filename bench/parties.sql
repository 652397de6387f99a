-- What bench_parties.py asks. Credits are `people` and `companies`: movie, source, key, name, role, position;
-- `found` is the credits of the parties that came out.

-- section: numbered
-- Films by the IMDb id that both sources give.
SELECT source, key, dense_rank() OVER (ORDER BY coalesce(imdb, source || ' ' || key)) AS movie FROM known

-- section: met
SELECT count(*) AS credits, count(*) FILTER (EXISTS (FROM found k WHERE k.source = 'kaggle' AND k.party = i.party AND k.movie = i.movie)) AS joined
FROM found i WHERE i.source = 'imdb' AND i.movie IN (SELECT movie FROM found WHERE source = 'kaggle')

-- section: chance
-- In one role of one film (or among its companies): other names that the rules would take for spellings of one.
SELECT (SELECT count(DISTINCT (movie, role, folded)) FROM spelt) AS credits, count(*) AS taken_for_one
FROM (SELECT DISTINCT a.movie, a.role, a.folded, b.folded FROM spelt a
      JOIN spelt b ON b.movie = a.movie AND b.role = a.role AND b.short = a.short AND a.folded < b.folded
      WHERE a.given = b.given OR length(a.given) = 1 OR length(b.given) = 1)

-- section: chance_twice
-- The same, of pairs of names that stand in two films or more.
SELECT count(*) AS taken_for_one
FROM (SELECT a.folded, b.folded FROM spelt a
      JOIN spelt b ON b.movie = a.movie AND b.role = a.role AND b.short = a.short AND a.folded < b.folded
      WHERE a.given = b.given OR length(a.given) = 1 OR length(b.given) = 1
      GROUP BY a.folded, b.folded HAVING count(DISTINCT a.movie) > 1)

-- section: namesakes
-- How many keys share a folded name with another key, and how many names two keys of one film share.
SELECT (SELECT count(DISTINCT key) FROM spelt) AS keys, coalesce(sum(keys), 0) AS sharing,
       (SELECT count(*) FROM (SELECT 1 FROM spelt GROUP BY movie, folded HAVING count(DISTINCT key) > 1)) AS in_one_film
FROM (SELECT count(DISTINCT key) AS keys FROM spelt GROUP BY folded HAVING count(DISTINCT key) > 1)

-- section: only
-- Of the names that one key alone bears in one half of the films: the credits in the other half, and those of that key.
WITH halves AS (SELECT DISTINCT movie, key, folded, substr(md5(CAST(movie AS VARCHAR)), 1, 1) < '8' AS kept FROM spelt),
one AS (SELECT folded, min(key) AS key FROM halves WHERE kept GROUP BY folded HAVING min(key) = max(key))
SELECT count(*) AS credits, count(*) FILTER (one.key = h.key) AS right_
FROM halves h JOIN one ON one.folded = h.folded WHERE NOT h.kept

-- section: true_people
-- A made-up key holds the person's number; without one the place in the list tells.
SELECT DISTINCT c.movie, c.source, c.key, c.name, c.role,
       coalesce(TRY_CAST(ltrim(c.key, 'nm0') AS BIGINT), CASE WHEN c.role = 'actor' THEN f."cast"[c.position + 1].id
         ELSE f.directors[c.position + 1].id END) AS truth
FROM people c JOIN made f ON f.number = c.movie

-- section: true_companies
-- Rotten Tomatoes names the film's first company.
SELECT DISTINCT c.movie, c.source, c.key, c.name, c.role, coalesce(TRY_CAST(c.key AS BIGINT), f.companies[1].id) AS truth
FROM companies c JOIN made f ON f.number = c.movie

-- section: judged
SELECT f.movie, f.source, t.key, f.name, f.party, t.truth
FROM found f JOIN truth t ON t.movie = f.movie AND t.source = f.source AND t.name = f.name AND t.role = f.role
  AND coalesce(t.key, '') = f.key

-- section: borne_by_several
SELECT count(*) AS names, count(*) FILTER (people > 1) AS of_several
FROM (SELECT name, count(DISTINCT truth) AS people FROM judged GROUP BY name)

-- section: keys
-- Pairs of keys of two sources: taken for one, rightly; to be found at all, and among those that share a film.
WITH keyed AS (SELECT DISTINCT source, key, party, truth FROM judged WHERE key IS NOT NULL)
SELECT count(*) AS pairs, count(*) FILTER (a.truth = b.truth) AS right_,
       (SELECT count(*) FROM keyed a JOIN keyed b ON a.truth = b.truth AND a.source < b.source) AS known,
       (SELECT count(DISTINCT a.truth) FROM judged a JOIN judged b ON a.truth = b.truth AND a.movie = b.movie
        AND a.source < b.source WHERE a.key IS NOT NULL AND b.key IS NOT NULL) AS known_in_one_film
FROM keyed a JOIN keyed b ON a.party = b.party AND a.source < b.source

-- section: keyless
-- Credits without a key, of those who have one somewhere: given to them, to others, or to nobody with a key.
WITH keyed AS (SELECT party, truth FROM judged WHERE key IS NOT NULL GROUP BY party, truth),
owners AS (SELECT party, list(truth) AS truths FROM keyed GROUP BY party)
SELECT j.source, count(*) AS credits, count(*) FILTER (list_contains(o.truths, j.truth)) AS right_,
       count(*) FILTER (NOT list_contains(o.truths, j.truth)) AS wrong, count(*) FILTER (o.party IS NULL) AS alone
FROM judged j LEFT JOIN owners o ON o.party = j.party
WHERE j.key IS NULL AND j.truth IN (SELECT truth FROM keyed)
GROUP BY j.source ORDER BY j.source

-- section: home_credits
SELECT movie, source, person.key AS key, person.name AS name, person.role AS role, min(year)::BIGINT AS year
FROM (SELECT movie, live.source, unnest(people) AS person, coalesce(year, year(released)) AS year
      FROM live JOIN members ON members.source = live.source AND members.key = live.key)
WHERE person.name IS NOT NULL GROUP BY ALL

-- section: several
SELECT parties, count(*) AS names FROM (SELECT folded, count(DISTINCT party) AS parties FROM found GROUP BY folded) GROUP BY parties ORDER BY parties

-- section: several_known
-- The same of names with ten films or more.
SELECT parties, count(*) AS names FROM (
  SELECT folded, count(DISTINCT party) AS parties FROM found GROUP BY folded HAVING count(DISTINCT movie) >= 10)
GROUP BY parties ORDER BY parties

-- section: one_name
-- Keys of one name in two spaces that share no film: films of either, roles, years, and whether they are one party.
WITH keyed AS (
  SELECT folded, source, key, any_value(party) AS party, any_value(name) AS name, list(DISTINCT movie) AS movies,
         list_sort(list(DISTINCT role)) AS roles, min(year) AS first, max(year) AS last
  FROM found WHERE key <> '' GROUP BY folded, source, key)
SELECT a.party = b.party AS merged, a.name, a.key, a.roles, a.first, a.last, len(a.movies) AS films, b.key AS other_key, b.roles AS other_roles,
       b.first AS other_first, b.last AS other_last, len(b.movies) AS other_films
FROM keyed a JOIN keyed b ON b.folded = a.folded AND a.source < b.source
WHERE len(list_intersect(a.movies, b.movies)) = 0 ORDER BY merged, a.name, a.key, other_key

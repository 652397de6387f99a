-- The comparisons of a candidate pair (l, r), its titles first. Reads `candidates`, with `title` once titles are compared,
-- and of the films in them `film_records` (n, source, year, released, runtime, kind, scores, repeats), `film_forms`,
-- `film_names`, `film_genres` and `film_ids` (n, space, id, key_of: the source whose key the id is).

-- name: film_people
-- `elsewise`: names in a script other than Latin, whose letters take two bytes or more.
SELECT n, count(DISTINCT role) AS roles, min(role) AS role, bool_or(role = 'directors') AS directed, bool_or(strlen(name) >= 1.5 * length(name)) AS elsewise
FROM film_names GROUP BY n

-- name: film_labels
-- Documentary or not, animated or not: labels that all sources use alike.
SELECT n, count(*) AS genres, max(CASE WHEN genre = 'documentary' THEN 1 ELSE 0 END)
       + max(CASE WHEN genre = 'animation' THEN 2 ELSE 0 END) AS form
FROM film_genres GROUP BY n

-- name: film_titles
-- Titles with their words in order, and whether a word occurs twice.
SELECT * EXCLUDE (title, each), array_to_string(list_sort(each), ' ') AS words, length(title) AS letters,
       len(each) > len(list_distinct(each)) AS repeats
FROM (SELECT *, string_split(title, ' ') AS each FROM film_forms)

-- name: title_pairs
SELECT c.l, c.r, a.words AS a, b.words AS b, a.repeats OR b.repeats AS repeats,
       200.0 * least(a.letters, b.letters) / greatest(a.letters + b.letters, 1) AS at_most, a.squeezed = b.squeezed AS same, a.article = b.article AS same_article,
       CASE WHEN a.bits < b.bits THEN a.bits ELSE b.bits END AS bits,
       CASE WHEN a.digits = b.digits THEN 0 WHEN a.digits = '' OR b.digits = '' THEN 1 ELSE 2 END AS digits,
       CASE WHEN coalesce(a.tail, b.tail) IS NULL THEN 'none'
            WHEN a.tail IS NULL AND a.squeezed = b.head OR b.tail IS NULL AND b.squeezed = a.head THEN 'missing'
            WHEN a.tail = b.tail OR a.squeezed = b.tail OR b.squeezed = a.tail THEN 'same'
            WHEN a.head = b.head AND (starts_with(a.tail, b.tail) OR starts_with(b.tail, a.tail)) THEN 'missing'
            WHEN a.head = b.head THEN 'differs' ELSE 'none' END AS subtitle
FROM candidates c
JOIN film_titles a ON a.n = c.l
JOIN film_titles b ON b.n = c.r

-- name: titles
-- scored_titles is title_pairs with its level; the best pair of titles counts for the films.
SELECT c.l, c.r, t.title FROM candidates c
LEFT JOIN (SELECT l, r, min(level) AS title FROM scored_titles GROUP BY l, r) t ON t.l = c.l AND t.r = c.r

-- name: director_pairs
SELECT c.l, c.r, a.name AS a, b.name AS b,
       (strlen(a.name) >= 1.5 * length(a.name)) <> (strlen(b.name) >= 1.5 * length(b.name)) AS mixed,
       split_part(a.name, ' ', -1) = split_part(b.name, ' ', -1) AND length(split_part(a.name, ' ', -1)) > 4 AS surname
FROM candidates c
JOIN film_names a ON a.n = c.l AND a.role = 'directors'
JOIN film_names b ON b.n = c.r AND b.role = 'directors'

-- name: directors
SELECT l, r, max(alike) AS directors FROM scored_directors GROUP BY l, r

-- name: billed
-- Where a list does not say who directs, its names are compared with everybody.
SELECT c.l, c.r, count(DISTINCT a.name) AS shared
FROM candidates c
JOIN film_names a ON a.n = c.l
JOIN film_names b ON b.n = c.r AND b.name = a.name
GROUP BY c.l, c.r

-- name: people
-- Different names in two scripts are no evidence: names are transliterated in many ways.
SELECT c.l, c.r, b.shared FROM candidates c
JOIN film_people p ON p.n = c.l
JOIN film_people q ON q.n = c.r
LEFT JOIN billed b ON b.l = c.l AND b.r = c.r
WHERE b.shared IS NOT NULL OR (p.role = 'cast' AND q.role = 'cast' AND p.elsewise = q.elsewise)

-- name: genres
SELECT c.l, c.r, count(*) AS shared
FROM candidates c
JOIN film_genres a ON a.n = c.l
JOIN film_genres b ON b.n = c.r AND b.genre = a.genre
GROUP BY c.l, c.r

-- name: ids
SELECT c.l, c.r, max(CASE WHEN a.id = b.id THEN 1 ELSE 0 END) AS agree, max(CASE WHEN a.id <> b.id THEN 1 ELSE 0 END) AS contradict
FROM candidates c
JOIN film_ids a ON a.n = c.l
JOIN film_ids b ON b.n = c.r AND b.space = a.space
WHERE a.key_of IS DISTINCT FROM b.key_of OR a.key_of IS NULL  -- rows of one source differ in key even for one film
GROUP BY c.l, c.r

-- name: compared
SELECT c.l, c.r, c.title, abs(a.year - b.year) AS year, abs(a.runtime - b.runtime) AS runtime,
       CASE WHEN a.kind = b.kind THEN 1 WHEN a.kind <> b.kind THEN 0 END AS kind,
       CASE WHEN a.kind IS NULL THEN b.kind WHEN b.kind IS NULL THEN a.kind END AS lone_kind,
       d.directors, CASE WHEN p.l IS NOT NULL THEN coalesce(p.shared, 0) END AS people,
       CASE WHEN ga.genres > 0 AND gb.genres > 0 THEN coalesce(g.shared, 0) END AS genres,
       CASE WHEN ga.genres < gb.genres THEN ga.genres ELSE gb.genres END AS fewer_genres,
       CASE WHEN ga.form = gb.form THEN 1 WHEN ga.form <> gb.form THEN 0 END AS form,
       i.agree, i.contradict,
       CASE WHEN a.source = b.source THEN CASE WHEN a.repeats THEN 1 ELSE 2 END ELSE 0 END AS inside,
       CASE WHEN a.source = b.source THEN a.year IS NOT DISTINCT FROM b.year END AS same_year,
       CASE WHEN a.source = b.source THEN a.released = b.released END AS same_day,
       CASE WHEN a.source = b.source THEN len(list_intersect(a.scores, b.scores)) END AS same_scores
FROM candidates c
JOIN film_records a ON a.n = c.l
JOIN film_records b ON b.n = c.r
LEFT JOIN directors d ON d.l = c.l AND d.r = c.r
LEFT JOIN people p ON p.l = c.l AND p.r = c.r
LEFT JOIN genres g ON g.l = c.l AND g.r = c.r
LEFT JOIN film_labels ga ON ga.n = c.l
LEFT JOIN film_labels gb ON gb.n = c.r
LEFT JOIN ids i ON i.l = c.l AND i.r = c.r
ORDER BY c.l, c.r

-- What of each document may be passed on. In: held (movie, document, claims); allowed (source): the sources whose values may.
-- A field's value is that of the best claim that may be passed on, the chosen ones first; what only other sources say is
-- left out, and so are a field for which no claim was chosen and a film that only they list. Titles, people and companies stay where an allowed source names them, in
-- any spelling, people in the roles that such a source gives, with their character where it names one, titles
-- with language and region where only allowed sources name them; genres, which MovieC infers, where an allowed source gives any. The C-rating, MovieC's own, stays where an
-- allowed rating is behind it, without its panels and without the points of other raters: these would give them away.

-- name: fields
SELECT h.movie, f.key AS field, f.id AS place, f.value->>'rule' AS rule, f.value->'claims' AS claims,
       (f.value->'value') IS NOT NULL AS decided
FROM held h, json_each(h.claims, '$.fields') f

-- name: said
SELECT f.movie, f.field, f.rule, CAST(c.key AS INT) AS nth, c.value->>'source' AS source, c.value->'value' AS value,
       c.value->>'chosen' AS chosen, c.value->'names' AS names, c.value->'roles' AS roles,
       c.value->'without_character' AS without_character
FROM fields f, json_each(f.claims) c
WHERE c.value->>'source' IN (SELECT source FROM allowed)

-- name: single
-- A field without an allowed claim is null, which keeps it out of the document.
SELECT movie,
       CAST('{' || string_agg('"' || field || '":' || coalesce(value, 'null'), ',' ORDER BY place) || '}' AS JSON) AS patch,
       CAST('{' || coalesce(string_agg('"' || field || '":null', ',' ORDER BY place) FILTER (value IS NULL), '') || '}' AS JSON)
       AS unknown
FROM (
  SELECT f.movie, f.field, f.place, CAST(first(s.value ORDER BY s.chosen DESC, s.nth) FILTER (f.decided) AS VARCHAR) AS value
  FROM fields f LEFT JOIN said s ON s.movie = f.movie AND s.field = f.field
  WHERE f.rule NOT IN ('union', 'latent_truth') GROUP BY f.movie, f.field, f.place) v
GROUP BY movie

-- name: listed
SELECT movie, list(field || ':' || CAST(value->>'$' AS VARCHAR)) AS values
FROM said WHERE rule = 'union' AND names IS NULL GROUP BY movie

-- name: given_roles
SELECT movie, field, source, spelled(r->>'name') AS name, r->>'role' AS role
FROM (SELECT movie, field, source, unnest(from_json(roles, '["JSON"]')) AS r FROM said WHERE roles IS NOT NULL) g

-- name: given_names
-- `role` is null where the source gives every role that the film has the name in; `character`: it names the character, too, if any.
SELECT n.movie, n.field, n.name, r.role, NOT n.without AS character
FROM (SELECT movie, field, source, spelled(name) AS name,
             list_contains(coalesce(from_json(without_character, '["VARCHAR"]'), []), name) AS without
      FROM (SELECT *, unnest(from_json(names, '["VARCHAR"]')) AS name FROM said WHERE names IS NOT NULL) u) n
LEFT JOIN given_roles r ON r.movie = n.movie AND r.field = n.field AND r.source = n.source AND r.name = n.name

-- name: named
SELECT movie, list(DISTINCT field || ':' || name || coalesce(':' || role, '')) AS names,
       list(DISTINCT field || ':' || name || coalesce(':' || role, '')) FILTER (character) AS characters
FROM given_names GROUP BY movie

-- name: withheld_titles
-- The titles of sources that are not allowed: where language and region of one come from, claims do not say.
SELECT movie, list(DISTINCT spelled(name)) AS names
FROM (SELECT f.movie, unnest(from_json(c.value->'names', '["VARCHAR"]')) AS name FROM fields f, json_each(f.claims) c
      WHERE f.field = 'titles' AND c.value->>'source' NOT IN (SELECT source FROM allowed)) n GROUP BY movie

-- name: lists
SELECT h.movie, h.document,
  [x FOR x IN from_json(h.document->'languages', '["VARCHAR"]') IF list_contains(l.values, 'languages:' || x)] AS languages,
  [x FOR x IN from_json(h.document->'countries', '["VARCHAR"]') IF list_contains(l.values, 'countries:' || x)] AS countries,
  [x FOR x IN from_json(h.document->'keywords', '["VARCHAR"]') IF list_contains(l.values, 'keywords:' || x)] AS keywords,
  [CASE WHEN list_contains(w.names, spelled(x->>'title')) THEN json_merge_patch(x, '{"language":null,"region":null}') ELSE x END
   FOR x IN from_json(h.document->'other_titles', '["JSON"]')
   IF list_contains(n.names, 'titles:' || spelled(x->>'title'))] AS other_titles,
  [CASE WHEN list_has_any(n.characters, credit_keys(x)) THEN x ELSE json_merge_patch(x, '{"character":null}') END
   FOR x IN from_json(h.document->'people', '["JSON"]') IF list_has_any(n.names, credit_keys(x))] AS people,
  [x FOR x IN from_json(h.document->'companies', '["JSON"]')
   IF list_contains(n.names, 'companies:' || spelled(x->>'name'))] AS companies,
  CASE WHEN g.movie IS NOT NULL THEN from_json(h.document->'genres', '["JSON"]') END AS genres,
  [x FOR x IN from_json(h.document->'ratings', '["JSON"]') IF list_contains(a.sources, x->>'source')] AS ratings,
  [x FOR x IN from_json(h.document->'money', '["JSON"]') IF list_contains(a.sources, x->>'source')] AS money,
  [x FOR x IN from_json(h.document->'sources', '["VARCHAR"]') IF list_contains(a.sources, x)] AS sources
FROM held h
CROSS JOIN (SELECT list(source) AS sources FROM allowed) a
LEFT JOIN listed l ON l.movie = h.movie
LEFT JOIN named n ON n.movie = h.movie
LEFT JOIN withheld_titles w ON w.movie = h.movie
LEFT JOIN (SELECT DISTINCT movie FROM said WHERE field = 'genres') g ON g.movie = h.movie

-- name: rated
SELECT l.*, [x FOR x IN from_json(l.document->'$.rating.contributions', '["JSON"]')
             IF list_contains(list_transform(l.ratings, lambda r: r->>'rater'), x->>'rater')] AS points
FROM lists l

-- name: documents
SELECT l.movie, json_merge_patch(json_object('id', l.document->'id'), s.patch, json_object(
    'revenue_scope', CASE WHEN s.patch->>'revenue' IS NOT NULL THEN l.document->'revenue_scope' END,
    'money', nullif(l.money, []), 'other_titles', nullif(l.other_titles, []), 'genres', l.genres, 'keywords', nullif(l.keywords, []),
    'languages', nullif(l.languages, []), 'countries', nullif(l.countries, []), 'people', nullif(l.people, []),
    'companies', nullif(l.companies, []), 'ids', l.document->'ids', 'rating', CASE WHEN len(l.points) > 0 THEN json_object(
      'c_rating', l.document->'$.rating.c_rating', 'low', l.document->'$.rating.low', 'high', l.document->'$.rating.high',
      'sources', l.document->'$.rating.sources', 'contributions', l.points, 'method', l.document->'$.rating.method') END,
    'ratings', nullif(l.ratings, []), 'confidence', json_merge_patch(l.document->'confidence', s.unknown),
    'sources', l.sources)) AS document
FROM rated l JOIN single s ON s.movie = l.movie
WHERE len(l.sources) > 0

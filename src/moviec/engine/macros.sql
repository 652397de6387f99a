-- Per-record helpers, defined on every connection of the engine.

-- One token of a Python literal as JSON: a constant, a quoted string with its escapes, or text between them.
CREATE OR REPLACE MACRO py_token(t) AS CASE
  WHEN t = 'None' THEN 'null'
  WHEN t = 'True' THEN 'true'
  WHEN t = 'False' THEN 'false'
  WHEN t[1] = '''' AND strlen(to_json(t)) = strlen(t) + 2 THEN '"' || t[2:-2] || '"'
  WHEN t[1] IN ('''', '"') THEN
    '"' || array_to_string(list_transform(
      regexp_extract_all(t[2:-2], '\\x[0-9a-f]{2}|\\U[0-9a-f]{8}|\\.|["\t\x{0}-\x{1F}]|[^\\"\t\x{0}-\x{1F}]+', 0, 's'),
      lambda e: CASE
        WHEN e = '"' THEN '\"'
        WHEN e = '\''' THEN ''''
        WHEN e[1:2] = '\x' THEN '\u00' || e[3:4]
        WHEN e[1:2] = '\U' THEN chr(('0x' || e[3:])::INT)
        WHEN length(e) = 1 AND ascii(e) < 32 THEN '\u00' || lpad(lower(to_hex(ascii(e))), 2, '0')
        ELSE e END), '') || '"'
  ELSE t END;

-- A literal whose strings stand between quotes `q` and hold no such quote and no escape, as JSON: of its parts between quotes
-- every second one is a string, and constants are looked for in the others.
CREATE OR REPLACE MACRO py_quoted(s, q) AS array_to_string(list_transform(string_split(s, q), lambda part, nth: CASE
  WHEN nth % 2 = 0 THEN replace(part, '"', '\"')
  WHEN contains(part, 'e') THEN replace(replace(replace(part, 'None', 'null'), 'True', 'true'), 'False', 'false')
  ELSE part END), '"');

-- A Python literal made of str, int, float, None, bool, list and dict, as JSON text, by the fastest correct way:
-- (to_json adds two quotes to a text, and more only where it escapes: a backslash, a double quote, a control character)
-- no escape, double quote or constant: exchange the quotes; strings in single quotes only; strings in either, a double quote
-- in none of those in single ones: bring all into double ones; else token by token, which takes ten times as long.
CREATE OR REPLACE MACRO py_json(s) AS CASE
  WHEN s IS NULL THEN NULL
  WHEN strlen(to_json(s)) = strlen(s) + 2 AND NOT contains(s, 'None') AND NOT contains(s, 'True') AND NOT contains(s, 'False')
    THEN replace(s, '''', '"')
  WHEN regexp_full_match(s, '(?:[^''"\\\x{0}-\x{1F}]|''[^''\\\x{0}-\x{1F}]*'')*') THEN py_quoted(s, '''')
  WHEN regexp_full_match(s, '(?:[^''"\\\x{0}-\x{1F}]|''[^''"\\\x{0}-\x{1F}]*''|"[^"\\\x{0}-\x{1F}]*")*')
    THEN py_quoted(regexp_replace(s, '''([^'']*)''|"([^"]*)"', '"\1\2"', 'g'), '"')
  ELSE array_to_string(list_transform(
    regexp_extract_all(s, '''(?:[^''\\]|\\.)*''|"(?:[^"\\]|\\.)*"|[A-Za-z_]+|[^''"A-Za-z_]+', 0, 's'),
    lambda t: py_token(t)), '') END;

-- Text without NUL characters, which not every store can hold, and surrounding blanks; empty is unknown.
CREATE OR REPLACE MACRO tidy(s) AS CASE
  WHEN s[1] > ' ' AND s[-1] > ' ' AND NOT contains(s, chr(0)) THEN s
  ELSE nullif(trim(replace(s, chr(0), ''), E' \t\n\r'), '') END;

-- A Python literal read into `shape` (as from_json takes it); NULL if that fails.
CREATE OR REPLACE MACRO py_list(s, shape) AS TRY(from_json(py_json(s), shape));

-- The name of a problem if a cell is filled but unreadable. CASE within CASE, since AND would
-- clean the readable cells, too.
CREATE OR REPLACE MACRO unreadable(field, cell, failed) AS
  CASE WHEN failed THEN CASE WHEN tidy(cell) IS NOT NULL THEN field || '_unreadable' END END;

-- The roles of a film's crew that a record keeps, by the job's usual names.
CREATE OR REPLACE MACRO crew_role(job) AS CASE
  WHEN job = 'Director' THEN 'director'
  WHEN job IN ('Writer', 'Screenplay', 'Author', 'Story', 'Novel', 'Co-Writer') THEN 'writer'
  WHEN job IN ('Producer', 'Executive Producer') THEN 'producer'
  WHEN job IN ('Original Music Composer', 'Music', 'Composer') THEN 'composer'
  WHEN job = 'Director of Photography' THEN 'cinematographer'
  WHEN job = 'Editor' THEN 'editor' END;

-- A cell that was read as text; none if it could not be read (such a cell has the prefix chr(26)) or is empty.
CREATE OR REPLACE MACRO known_text(cell) AS CASE WHEN NOT starts_with(cell, chr(26)) THEN nullif(cell, '') END;

-- The kind of a film from sources' names for it: "Movie", "TV Movie", "tvMovie", "Short Film"; NULL for anything else.
CREATE OR REPLACE MACRO film_kind(cell) AS CASE
  WHEN lower(regexp_replace(cell, '[^A-Za-z]', '', 'g')) IN ('movie', 'movies', 'feature', 'film', 'featurefilm') THEN 'feature'
  WHEN lower(regexp_replace(cell, '[^A-Za-z]', '', 'g')) IN ('tvmovie', 'tvfilm') THEN 'tv_movie'
  WHEN lower(regexp_replace(cell, '[^A-Za-z]', '', 'g')) IN ('short', 'shortfilm', 'tvshort') THEN 'short'
  WHEN lower(regexp_replace(cell, '[^A-Za-z]', '', 'g')) IN ('video', 'directtovideo') THEN 'video' END;

-- Whether a row's kind is not a film: of a series, an episode, a game, …
CREATE OR REPLACE MACRO is_no_film(cell) AS coalesce(lower(regexp_replace(cell, '[^A-Za-z]', '', 'g')) IN
  ('series', 'episode', 'game', 'show', 'tv', 'tvseries', 'tvshow', 'tvepisode', 'tvminiseries', 'tvspecial', 'tvpilot', 'videogame',
   'podcast', 'podcastseries', 'podcastepisode', 'musicvideo'), false);

-- The names of the problems in a row, from one expression each (NULL where there is none).
CREATE OR REPLACE MACRO problems_in(names) AS list_filter(names, lambda n: n IS NOT NULL);

-- The non-null entries of [{'k': space, 'v': id}, …] as a map.
CREATE OR REPLACE MACRO known_ids(entries) AS map_from_entries(list_filter(entries, lambda e: e.v IS NOT NULL));

-- An amount in another currency in a record's form, none without a currency; and the non-null ones of several.
CREATE OR REPLACE MACRO money_of(field, amount, currency, scope) AS CASE WHEN currency IS NOT NULL AND amount IS NOT NULL THEN
  {'field': field::VARCHAR, 'amount': try_cast(amount AS BIGINT), 'currency': currency::VARCHAR, 'scope': scope::VARCHAR} END;
CREATE OR REPLACE MACRO known_money(amounts) AS nullif(list_filter(amounts, lambda m: m.amount > 0), []);

-- One rater's overall rating as a record has it; no value, no rating. Votes and distribution may be
-- NULL; votes below nothing are unknown.
CREATE OR REPLACE MACRO rating_of(rater, panel, scale, value, votes, distribution) AS CASE WHEN value IS NOT NULL THEN
  {'rater': rater, 'panel': panel, 'aspect': 'overall', 'value': value::DOUBLE, 'lowest': scale[1]::DOUBLE,
   'highest': scale[2]::DOUBLE, 'votes': CASE WHEN votes::BIGINT >= 0 THEN votes::BIGINT END, 'distribution': distribution::BIGINT[]} END;

-- A value on the scale from `lowest` to `highest`, where its cell named the top of a scale (`top`, NULL where it named none): a share
-- of another top is the same share of this one. Grades fit a scale of grades, stars without the empty ones one that ends at 4 or 5.
CREATE OR REPLACE MACRO on_scale(value, top, highest, highest_top) AS CASE
  WHEN top IS NULL THEN CASE WHEN highest_top IS NULL THEN value END
  WHEN top = 'grades' THEN CASE WHEN highest_top = 'grades' THEN value END
  WHEN top = 'stars' THEN CASE WHEN highest IN (4, 5) THEN value END
  WHEN top::DOUBLE = highest THEN value
  ELSE round(value * highest / top::DOUBLE, 6) END;

-- The non-null ratings; none is unknown.
CREATE OR REPLACE MACRO known_ratings(ratings) AS nullif(list_filter(ratings, lambda r: r IS NOT NULL), []);

-- The name of one element of a JSON list: of an object what it is called, else the element itself.
CREATE OR REPLACE MACRO json_name(e) AS CASE WHEN e[1] = '{' THEN coalesce(e ->> '$.name', e ->> '$.title', e ->> '$.Name', e ->> '$.label', e ->> '$.tag')
  ELSE e ->> '$' END;

-- The names in a JSON list, or of a single object. The empty ones go with `listed`.
CREATE OR REPLACE MACRO json_names(cell) AS CASE
  WHEN NOT contains(cell, '{') THEN from_json(cell, '["VARCHAR"]')
  ELSE list_transform(from_json(CASE WHEN cell[1] = '{' THEN '[' || cell || ']' ELSE cell END, '["JSON"]'), lambda e: json_name(e::VARCHAR)) END;

-- A cell that lists things: a JSON list of texts, or text cut at a separator (a regular expression); blanks go, none is unknown.
CREATE OR REPLACE MACRO listed(cell, separator) AS nullif(list_filter(list_transform(
  CASE WHEN cell[1] = '[' AND json_valid(cell) THEN from_json(cell, '["VARCHAR"]')
       ELSE string_split_regex(cell, separator) END, lambda t: tidy(t)), lambda t: t IS NOT NULL), []);

-- The same for a file without declared formats: the list may also be a Python literal, and its elements objects with a
-- name. py_json is called in a list of one, so that its long expression is planned once.
CREATE OR REPLACE MACRO any_listed(cell, separator) AS nullif(list_filter(list_transform(
  CASE WHEN cell[1] NOT IN ('[', '{') THEN string_split_regex(cell, separator)
       WHEN json_valid(cell) THEN json_names(cell)
       ELSE list_transform([TRY(py_json(cell))], lambda j: CASE WHEN json_valid(j) THEN json_names(j)
                           ELSE string_split_regex(cell, separator) END)[1] END, lambda t: tidy(t)), lambda t: t IS NOT NULL), []);

-- The companies in a cell: a comma before a legal form does not separate ("Metro-Goldwyn-Mayer, Inc.").
-- In a list of one, so that the pattern is compiled once and not wherever `any_listed` looks at the cell.
CREATE OR REPLACE MACRO companies_listed(cell, separator) AS list_transform(list_transform([regexp_replace(cell,
  ', *((?:Inc|Ltd|LLC|L\.L\.C|Co|Corp|S\.?A\.?S?|GmbH|L\.?P|S\.?p\.?A|S\.?r\.?l|B\.?V|N\.?V|A\.?G|KG|Limited|Incorporated|Pte|Pty|The)\b\.?)',
  chr(31) || ' \1', 'g')], lambda kept: any_listed(kept, separator))[1], lambda c: replace(c, chr(31), ','));

-- The two people of a joined name, else the name: "Joel and Ethan Coen" are two who share a last name, "Ann Lee and Bo Dahl"
-- are two; "Penn and Teller" is unchanged.
CREATE OR REPLACE MACRO names_parted(name) AS CASE WHEN NOT regexp_matches(name, ' (?:and|&) ') THEN [name]
  ELSE list_transform([name], lambda n: CASE
  WHEN regexp_full_match(n, '\p{Lu}[^ ]+ (?:and|&) \p{Lu}[^ ]+ (?:\p{Lu}\. )?\p{Lu}[^ ]+') AND NOT regexp_matches(n, '(?i) (?:and|&) (?:the|his|her|their) ')
  THEN [regexp_replace(n, '^([^ ]+) (?:and|&) .* ([^ ]+)$', '\1 \2'), regexp_replace(n, '^[^ ]+ (?:and|&) ', '')]
  WHEN regexp_full_match(n, '\p{Lu}[^ ]+ (?:\p{Lu}\. )?\p{Lu}[^ ]+ and \p{Lu}[^ ]+ (?:\p{Lu}\. )?\p{Lu}[^ ]+') AND NOT regexp_matches(n, '(?i)^the | and (?:the|his|her|their) ')
  THEN string_split(n, ' and ')
  ELSE [n] END)[1] END;

-- A cell that lists names: as above, but "Sr." and "II" go with the name before them, and text in brackets of its own,
-- in one piece or several ("(", "Best Actor", "nominee)"), is a note and is dropped. chr(31) separates the pieces.
CREATE OR REPLACE MACRO names_in(items) AS nullif(list_filter(string_split(regexp_replace(regexp_replace(
  array_to_string(items, chr(31)),
  '(^|\x1F)\([^()]*\)(?:\x1F|$)', '\1', 'g'), '\x1F((?:[JS]r\.?|I{2,3}|IV)(?:\x1F|$))', ' \1', 'g'), chr(31)), lambda t: t <> ''), []);
CREATE OR REPLACE MACRO names_listed(cell, separator) AS names_in(listed(cell, separator));

-- The engine compiles the patterns of a lambda anew for every 2,048 rows: 1 to 3 ms where a pattern names classes such as \p{Lu},
-- which was most of the time of reading lists of names. Below, each such pattern is a macro of its classes and of how a name
-- begins and ends (`first`, `last`). It is tried first, in a lambda, with classes of a few ranges that match more (`wide`) or
-- exclude less (`some`); only what that finds is looked at with the true classes, in a list of one, whose patterns are compiled
-- when it is reached. `odd_companies` and `odd_people` try them on all names of a row at once, without a lambda.
CREATE OR REPLACE MACRO wide_letters() AS 'A-Za-z\x{80}-\x{10FFFF}';
CREATE OR REPLACE MACRO wide_lower() AS 'a-z\x{80}-\x{10FFFF}';
CREATE OR REPLACE MACRO some_letters() AS 'A-Za-zÀ-ÖØ-öø-ɏА-яא-תء-غぁ-ゖァ-ヺ一-龥가-힣';
CREATE OR REPLACE MACRO first_joined() AS '(?:^|\x1F)';
CREATE OR REPLACE MACRO last_joined() AS '(?:\x1F|$)';

-- The role in a note after a name.
CREATE OR REPLACE MACRO trade_noted(letters, last) AS '(?i:\s*\((?:(?:[' || letters || ']+ )?(?:actor|actress|narrator|dancer|singer|comedian|director|producer|cast)'
  || '|(?:screen)?writers?|screenplay|screenpaly|teleplay|story)\))' || last;

-- A name without remains of the surrounding text: blanks, wiki brackets, a bracket that opens at its end, a note of
-- what the person is ("(actor)", "(screenwriter)"), "Dir.: ", "and ", "Voices of ".
CREATE OR REPLACE MACRO name_beset(letters, first, last) AS '[(\[]\s*' || last || '|' || first || '[.,;:*] |' || trade_noted(letters, last)
  || '|\[\[|\]\]|' || first || '[' || letters || ']+\.?: |' || first || '(?:and|with) '
  || '|' || first || '(?i:voice|narrat|archive|footage|interview|starring)';
CREATE OR REPLACE MACRO name_freed(name) AS CASE WHEN regexp_matches(name, name_beset(wide_letters(), '^', '$'))
  THEN list_transform([name], lambda n: CASE WHEN regexp_matches(n, name_beset('\pL', '^', '$'))
    THEN regexp_replace(regexp_replace(regexp_replace(n, '\s*[(\[]\s*$|^[.,;:*] +|' || trade_noted('\pL', '$') || '|\[\[|\]\]', '', 'g'),
      '^(?:\pL+\.?: +|(?:and|with) +)(\p{Lu})', '\1'),
      '^(?i:voices? of|voiced by|narrated by|starring|(?:archive )?footage of|interviews with) +(\p{Lu}\S* +\p{Lu})', '\1')
    ELSE n END)[1]
  ELSE name END;
CREATE OR REPLACE MACRO name_mended(name) AS name_freed(
  CASE WHEN name[1] > ' ' AND name[-1] > ' ' AND NOT contains(name, '  ') AND NOT contains(name, chr(160)) THEN name
       ELSE trim(regexp_replace(name, '(?:\s|\x{00a0})+', ' ', 'g')) END);

-- Whether a name is invalid: nothing but signs; brackets around it, or one that is not closed; a label ("Cast:"); words
-- that only occur between or instead of names ("and", "Voices of", "Various", "N/A"), in lower case the small words of
-- other languages, too ("et"); a piece of a sentence ("the history of", "and his orchestra"). Mononyms are names, as
-- are "O", "And One", "50 Cent".
CREATE OR REPLACE MACRO nameless(signs, upper, first, last) AS first || '(?:[^' || signs || ']*|\([^()]*\)|\[[^\[\]]*\])' || last || '|:' || last
  || '|' || first || '(?i:and|of|by|with|the|various(?: artists| cameos| directors)?|(?:and |many )?others|unknown|uncredited|unnamed|n/a|n\.a\.'
  || '|not (?:available|applicable|known)|tba|tbc|tbd|to be announced|et al\.?|etc\.?|[js]r\.?'
  || '|voices?(?: of| by)?|narrat(?:or|ion)|director|screenwriter|screenplay|writer|producer'
  || '|(?:\S+ )*(?:voiced|narrated|directed|written|produced|music|score) by)' || last
  || '|' || first || '(?:None|none|NONE|NULL|null|NaN|nan|or|from|for|to|in|on|at|as|et|und|mit|von|der|die|das|le|la|les|el|los|las|del|di|da|con|avec)' || last
  || '|' || first || '(?:and|or|of|by|with) [^' || upper || ']'
  || '|' || first || '(?:the|a) [^' || upper || ']*\b(?:of|from|for|in|[0-9]+)(?: [^' || upper || ']*)?' || last
  || '|[ \-](?:of|by|and|with|from|about|between|against)' || last;
CREATE OR REPLACE MACRO no_name(name) AS
  CASE WHEN regexp_matches(name, nameless('0-9' || some_letters(), 'A-Z', '^', '$'))
       THEN list_transform([name], lambda n: regexp_matches(n, nameless('\pL\pN', '\p{Lu}', '^', '$')))[1]
       WHEN name IS NOT NULL THEN false END
  OR CASE WHEN regexp_matches(name, '[()\[\]]') THEN
    length(replace(name, '(', '')) <> length(replace(name, ')', '')) OR length(replace(name, '[', '')) <> length(replace(name, ']', ''))
    ELSE false END;

-- Whether the name of a person is invalid, beyond `no_name`: a piece of a sentence ("life in", "A year in the life of
-- Ann Lee"). It needs a letter, too.
CREATE OR REPLACE MACRO clause(upper, lower, first, last) AS
  first || '(?:\S+ )?[^' || upper || ']+ (?:in|on|at|within|under|for|a|the)' || last || '|' || first || '[^' || upper || ']*-' || last
  || '|' || first || '[^' || upper || ']+ (?:of|for|from|with|in|on|at|the) [^' || upper || ']+' || last
  || '|' || first || '(?:The|A|An) [' || lower || '][' || lower || '-]* (?:of|in|from|against|between) '
  || '|' || first || '(?i:many|several|numerous) cameos' || last;
CREATE OR REPLACE MACRO no_person(name) AS CASE WHEN regexp_matches(name, clause('A-Z', wide_lower(), '^', '$'))
  THEN list_transform([name], lambda n: regexp_matches(n, clause('\p{Lu}', '\p{Ll}', '^', '$')))[1]
  WHEN name IS NOT NULL THEN false END;
CREATE OR REPLACE MACRO has_letter(name) AS CASE WHEN regexp_matches(name, '[' || some_letters() || ']') THEN true
  WHEN name IS NOT NULL THEN list_transform([name], lambda n: regexp_matches(n, '\pL'))[1] END;

-- Whether one of the names in a list may be mended or invalid. It may say so of a good name, never the opposite.
CREATE OR REPLACE MACRO odd_name() AS first_joined() || '[\x{0}- ]|[\x{0}- ]' || last_joined() || '|  |\x{A0}'
  || '|\([^()\x1F]*(?:\(|\x1F|$)|(?:\)|\x1F|^)[^()\x1F]*\)|\[[^\[\]\x1F]*(?:\[|\x1F|$)|(?:\]|\x1F|^)[^\[\]\x1F]*\]'
  || '|' || name_beset(wide_letters(), first_joined(), last_joined())
  || '|' || nameless('0-9' || some_letters(), 'A-Z', first_joined(), last_joined());
CREATE OR REPLACE MACRO names_joined(items) AS array_to_string(list_transform(items, lambda c: coalesce(c.name, '')), chr(31));
CREATE OR REPLACE MACRO odd_companies(companies) AS regexp_matches(names_joined(companies), odd_name());
CREATE OR REPLACE MACRO odd_people(people) AS regexp_matches(names_joined(people), odd_name()
  || '|' || clause('A-Z', wide_lower(), first_joined(), last_joined()) || '|' || first_joined() || '[^' || some_letters() || ']*' || last_joined());

-- People of one role, by name, in the order listed; of another one if a note after the name says so: "Ann Lee
-- (writer)".
CREATE OR REPLACE MACRO people_as(role, names) AS list_transform(flatten(list_transform(names, lambda n: names_parted(n))), lambda n, place:
  {'name': n, 'key': NULL::VARCHAR, 'role': CASE WHEN n[-1] <> ')' THEN role
     WHEN regexp_matches(n, '(?i)\((?:(?:screen)?writers?|screenplay|screenpaly|teleplay|story)\)$') THEN 'writer'
     WHEN regexp_matches(n, '(?i)\(director\)$') THEN 'director' WHEN regexp_matches(n, '(?i)\(producer\)$') THEN 'producer'
     ELSE role END, 'character': NULL::VARCHAR, 'position': (place - 1)::INTEGER});

-- The crew in a cell with objects of a name and a job each, in JSON or as a Python literal; without such objects, none.
CREATE OR REPLACE MACRO crew_as(cell) AS list_filter(list_transform(
  coalesce(TRY(from_json(CASE WHEN json_valid(cell) THEN cell END, '[{"name": "VARCHAR", "job": "VARCHAR"}]')),
           py_list(CASE WHEN NOT json_valid(cell) THEN cell END, '[{"name": "VARCHAR", "job": "VARCHAR"}]')),
  lambda p: {'name': tidy(p.name), 'key': NULL::VARCHAR, 'role': crew_role(p.job), 'character': NULL::VARCHAR, 'position': NULL::INTEGER}),
  lambda p: p.role IS NOT NULL AND p.name IS NOT NULL);

-- Titles without language or region, as `other_titles` has them; none is unknown.
CREATE OR REPLACE MACRO titles_as(titles) AS nullif(list_transform(list_filter(titles,
  lambda t, place: t IS NOT NULL AND list_position(titles, t) = place), lambda t: {'title': t, 'language': NULL::VARCHAR, 'region': NULL::VARCHAR}), []);

-- A title filed under its first word, article last, corrected: "Postino, Il" is "Il Postino", "Ours, L'" "L'Ours".
CREATE OR REPLACE MACRO article_first(title) AS regexp_replace(regexp_replace(title, '^(.*\S), (L''|l'')$', '\2\1'),
  '^(.*\S), (The|A|An|La|Le|Les|Un|Une|Des|El|Los|Las|Una|Il|Lo|I|Gli|Der|Die|Das|Ein|Eine|Den|Det|De|Het|En|Et|Os|As|O)$',
  '\2 \1');

-- An entry's part of an amount that is divided evenly among a film's `members`, by its place among them: the difference of two
-- floors, so that the parts of a film add up to the film, to the last dollar. Doubles hold the dividends: no product can
-- overflow, and the values allowed by sources/checked.sql are exact in them.
CREATE OR REPLACE MACRO even_part(amount, place, members) AS TRY_CAST(
  floor(CAST(amount AS DOUBLE) * place / members) - floor(CAST(amount AS DOUBLE) * (place - 1) / members) AS BIGINT);

-- Per-cell helpers for reading film lists, known on the connection that reads one.

-- A cell as text, or NULL where it says that nothing is known.
CREATE OR REPLACE MACRO cell(value) AS
  CASE WHEN lower(trim(value)) IN ('', '\n', 'n/a', 'na', 'nan', 'null', 'none', 'nil', '-', '?', '[]', '{}') THEN NULL
  ELSE trim(value) END;

-- The names in a JSON array: of strings, or of objects that have a name.
CREATE OR REPLACE MACRO json_names(value) AS
  list_transform(from_json(value, '["JSON"]'), lambda e: coalesce(e ->> '$.name', e ->> '$.title', e ->> '$'));

-- Names before a comma may be inverted: "Lynch, David" is one name, "Brad Pitt, Edward Norton" two.
CREATE OR REPLACE MACRO comma_list(value) AS
  CASE WHEN regexp_full_match(value, '[^ ,]+, *[^,]+') THEN [value] ELSE string_split(value, ',') END;

-- A list inside a cell: a JSON or Python array, or parts between semicolons or bars; else NULL.
CREATE OR REPLACE MACRO marked_list(value) AS
  CASE WHEN value[1] = '[' AND json_valid(value) THEN json_names(value)
       WHEN value[1] = '[' AND json_valid(py_json(value)) THEN json_names(py_json(value))
       WHEN regexp_matches(value, '[;|]') THEN regexp_split_to_array(value, '[;|]') END;

-- A list's parts without blanks around them and without empty ones.
CREATE OR REPLACE MACRO tidy_list(parts) AS
  list_filter(list_transform(parts, lambda part: trim(part)), lambda part: part <> '');

CREATE OR REPLACE MACRO name_list(value) AS
  tidy_list(coalesce(marked_list(value), comma_list(regexp_replace(value, ', *(Jr|Sr|II|III)\b', ' \1', 'g'))));

CREATE OR REPLACE MACRO label_list(value) AS tidy_list(coalesce(marked_list(value), string_split(value, ',')));

-- Titles in a cell: a comma belongs to a title.
CREATE OR REPLACE MACRO title_list(value) AS
  coalesce(marked_list(value), CASE WHEN value IS NOT NULL THEN [value] END);

-- The first year in a text, between the first films and 2099; '72 alone is 1972, but '05 may be 1905 or 2005.
CREATE OR REPLACE MACRO year_in(value) AS
  coalesce(
    try_cast(nullif(regexp_extract(value, '(?:^|[^0-9])(18[7-9][0-9]|19[0-9]{2}|20[0-9]{2})(?:[^0-9]|$)', 1), '') AS INTEGER),
    1900 + try_cast(nullif(regexp_extract(value, '^[''’‘`]([4-9][0-9])$', 1), '') AS INTEGER));

-- Minutes: "125", "125.0", "125 min", "2 hr. 5 min.", "2h05", "PT2H5M", "02:05:00".
CREATE OR REPLACE MACRO minutes_in(value) AS CASE
  WHEN regexp_full_match(value, '[0-9]+(\.[0-9]+)?( *m.*)?')
    THEN try_cast(try_cast(regexp_extract(value, '^[0-9]+(\.[0-9]+)?') AS DOUBLE) AS INTEGER)
  WHEN regexp_full_match(value, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?')
    THEN try_cast(string_split(value, ':')[1] AS INTEGER) * 60 + try_cast(string_split(value, ':')[2] AS INTEGER)
  ELSE nullif(coalesce(try_cast(nullif(regexp_extract(lower(value), '([0-9]+) *h', 1), '') AS INTEGER), 0) * 60
     + coalesce(try_cast(nullif(coalesce(nullif(regexp_extract(lower(value), 'h[a-z.]*,? *([0-9]+)', 1), ''),
         regexp_extract(lower(value), '([0-9]+) *m', 1)), '') AS INTEGER), 0), 0) END;

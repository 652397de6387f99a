-- Per-record helpers, known on every connection of the engine.

-- One token of a Python literal as JSON: a constant, a quoted string with its escapes, or text between them.
CREATE OR REPLACE MACRO py_token(t) AS CASE
  WHEN t = 'None' THEN 'null'
  WHEN t = 'True' THEN 'true'
  WHEN t = 'False' THEN 'false'
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

-- A Python literal made of str, int, float, None, bool, list and dict, as JSON text. Three ways, quickest first:
-- no escape, double quote or constant: exchange the quotes; double quotes only around strings without escapes:
-- exchange the quotes of the others; else token by token.
CREATE OR REPLACE MACRO py_json(s) AS CASE
  WHEN NOT regexp_matches(s, '[\\"\x{0}-\x{1F}]|None|True|False') THEN replace(s, '''', '"')
  WHEN regexp_full_match(s, '(?:[^''"\\\x{0}-\x{1F}NTF]|''[^''"\\\x{0}-\x{1F}]*''|"[^"\\\x{0}-\x{1F}]*")*')
    THEN regexp_replace(s, '''([^'']*)''|"([^"]*)"', '"\1\2"', 'g')
  ELSE array_to_string(list_transform(
    regexp_extract_all(s, '''(?:[^''\\]|\\.)*''|"(?:[^"\\]|\\.)*"|[A-Za-z_]+|[^''"A-Za-z_]+', 0, 's'),
    lambda t: py_token(t)), '') END;

-- Text without what no store can hold (NUL) and without surrounding blanks; empty is unknown.
CREATE OR REPLACE MACRO tidy(s) AS CASE
  WHEN s[1] > ' ' AND s[-1] > ' ' AND NOT contains(s, chr(0)) THEN s
  ELSE nullif(trim(replace(s, chr(0), ''), E' \t\n\r'), '') END;

-- A Python literal read into `shape` (as from_json takes it); NULL when it cannot be.
CREATE OR REPLACE MACRO py_list(s, shape) AS
  CASE WHEN json_valid(py_json(s)) THEN from_json(py_json(s), shape) END;

-- The name of a problem where a cell holds something and reading it gave nothing.
CREATE OR REPLACE MACRO unreadable(field, cell, failed) AS
  CASE WHEN failed AND tidy(cell) IS NOT NULL THEN field || '_unreadable' END;

-- The roles of a film's crew that a record keeps, by the job's usual names.
CREATE OR REPLACE MACRO crew_role(job) AS CASE
  WHEN job = 'Director' THEN 'director'
  WHEN job IN ('Writer', 'Screenplay', 'Author', 'Story', 'Novel', 'Co-Writer') THEN 'writer'
  WHEN job IN ('Producer', 'Executive Producer') THEN 'producer'
  WHEN job IN ('Original Music Composer', 'Music', 'Composer') THEN 'composer'
  WHEN job = 'Director of Photography' THEN 'cinematographer'
  WHEN job = 'Editor' THEN 'editor' END;

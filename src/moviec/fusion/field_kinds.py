"""Detects the kind of value in each field of a table of claims from its cells, and reads the cells as that kind.

A year, minutes, money, another number, a date, a list or a text. The kind decides which cells are equal (`fold`), and
which numbers are near (`field_weights`).
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.unreadable_cells import UNREAD, Unread
from moviec.reading.columns import Column, Rows, read_columns
from moviec.reading.kinds import KINDS, money_of
from moviec.reading.layouts import ALIASES, MORE_ALIASES, plain_name
from moviec.text import Column as TextColumn
from moviec.text import fold, fold_title, pc

#: The kinds of cells (`reading.kinds`) of each kind of field.
CELLS = {
    "year": "year",
    "minutes": "duration",
    "money": "money",
    "number": "number",
    "date": "date",
    "list": "text",
    "text": "text",
}

#: The kind of fields with a usual name.
_USUAL = {
    "year": "year",
    "runtime": "minutes",
    "budget": "money",
    "revenue": "money",
    "domestic": "money",
    "released": "date",
    "title": "text",
    "original_title": "text",
    "overview": "text",
}

#: The most different cells of a field that are examined, and the share of them that must read as a kind: more than half
#: where the field's name suggests it, this share elsewhere. Titles that are numbers ("1917", "300") are one in a
#: hundred.
LOOKED_AT = 2000
READ_SO = 0.8

#: The share of cells with a separator from which a field holds lists: genres and directors of the shared claims have .75 and
#: .08, titles less than .001.
LISTS = 0.02
_SEPARATED = re.compile(r"[^\s;|][;|]\s*[^\s;|]")

#: The separators of lists, by what they hold: besides semicolons and bars also commas in fields whose name says so; in
#: any other text commas separate nothing.
_CUT = {
    "labels": re.compile(r"\s*(?:[;|,/、・]|\s[•·]\s)\s*"),
    "names": re.compile(r"\s*[;|、・]\s*|,\s*|\s+(?:&|and|und|et|y)\s+|\s/\s"),
    "companies": re.compile(
        r"\s*[;|、]\s*|\s/\s|,\s+(?!(?:Inc|Ltd|LLC|Co|Corp|S\.?A|GmbH|The)\b)", re.IGNORECASE
    ),
    "": re.compile(r"\s*[;|]\s*"),
}
#: The lists that fields with a usual name hold.
_LISTED = {
    "labels": ("genres", "keywords", "countries", "languages"),
    "names": ("people", "directors", "writers"),
    "companies": ("companies",),
}

#: Amounts are larger than this, minutes are not.
LEAST_AMOUNT = 10_000
MOST_MINUTES = 900

#: Kinds where 0 means "unknown".
_NO_ZERO = ("money", "minutes", "year")


class Field(msgspec.Struct, frozen=True):
    """A field of the table and the kind of its values."""

    name: str
    kind: str


class FieldsRead(msgspec.Struct, frozen=True):
    """The fields of a table of claims, and the cells of each that could not be read."""

    fields: tuple[Field, ...]
    unread: tuple[Unread, ...]


def read_fields(engine: DuckEngine) -> FieldsRead:
    """Read `claim_cells` field by field.

    Makes `claim_values` (file_row, movie, field, source, value, number, fold; one row for each film, field and source) and
    `claims_unread` (file_row, movie, field, source, value, reason).
    """
    names = engine.query("SELECT field FROM claim_cells GROUP BY field ORDER BY min(file_row)")
    fields: list[Field] = []
    unread: list[Unread] = []
    parts: list[str] = []
    for place, name in enumerate(map(str, names["field"].to_pylist())):
        field = Field(name, kind_of(name, _some_cells(engine, name)))
        fields.append(field)
        unread += _read(engine, field, f"field_{place}")
        parts.append(f"SELECT * FROM field_{place}")
    engine.materialize("claims_read", " UNION ALL ".join(parts))
    engine.materialize("claims_unread", _UNREAD_ROWS)
    _keep_one(engine, [field.name for field in fields if field.kind in ("list", "text")])
    return FieldsRead(tuple(fields), tuple(unread))


_UNREAD_ROWS = """
SELECT file_row, movie, field, source, cell AS value, reason FROM claims_read WHERE reason IS NOT NULL
"""

#: Several values of one source for one film and field are a list where the field holds texts; for numbers the first
#: counts.
_KEPT = """
SELECT min(file_row) AS file_row, movie, field, source,
       CASE WHEN field IN ({texts}) THEN string_agg(value, ';' ORDER BY file_row) ELSE arg_min(value, file_row) END AS value
FROM (SELECT min(file_row) AS file_row, movie, field, source, value FROM claims_read WHERE reason IS NULL AND value IS NOT NULL
      GROUP BY movie, field, source, value)
GROUP BY movie, field, source ORDER BY file_row
"""

_SECOND = """
SELECT r.file_row, r.movie, r.field, r.source, r.cell AS value, 'the source says ' || k.value || ' in row ' || k.file_row AS reason
FROM claims_read r JOIN claims_kept k USING (movie, field, source)
WHERE r.reason IS NULL AND r.value <> k.value AND r.field NOT IN ({texts})
"""


def _keep_one(engine: DuckEngine, texts: Sequence[str]) -> None:
    named = ", ".join(map(quoted, texts)) or "''"
    engine.materialize("claims_kept", _KEPT.format(texts=named))
    engine.materialize("claims_second", _SECOND.format(texts=named))
    cut = " ".join(
        f"WHEN field = {quoted(text)} THEN {quoted(_holds(text))}" for text in texts if _holds(text)
    )
    kept = engine.query(
        f"SELECT k.*, k.field IN ({named}) AS texts, CASE {cut or 'WHEN false THEN NULL'} ELSE '' END || chr(31) || value AS listed,"
        " coalesce(regexp_matches(value, '[;|,/&、・•·]| (?:and|und|et|y) '), false) AS several FROM claims_kept k ORDER BY file_row"
    )
    values = kept["value"].combine_chunks()
    folded = fold_title(values)
    listed = kept["listed"].combine_chunks()
    lists = _folded_lists(listed.filter(pc.and_(kept["several"], kept["texts"]).combine_chunks()))
    looked_up = pc.index_in(listed, lists["text"])
    lists = pc.take(lists["fold"].combine_chunks(), looked_up)
    worded = pc.if_else(pc.equal(folded, ""), values, folded)
    forms = pc.if_else(kept["texts"].combine_chunks(), pc.coalesce(lists, worded), values)
    engine.register("claims_folded", kept.append_column("fold", forms))
    engine.materialize(
        "claim_values",
        "SELECT file_row, movie, field, source, value, CASE WHEN texts THEN NULL ELSE coalesce(try_cast(value AS DOUBLE),"
        " epoch(try_cast(value AS DATE)) / 86400) END AS number, fold FROM claims_folded ORDER BY file_row",
    )


def _folded_lists(texts: TextColumn) -> pa.Table:
    """Return lists, each with what it holds, in a form in which lists of the same items are equal, in any order: text,
    fold.

    A text of one item gets none.
    """
    given = pc.unique(texts)
    cut = [_items(*text.split("\x1f", 1)) for text in given.to_pylist()]
    items = sorted({item for some in cut for item in some})
    forms = dict(zip(items, fold(pa.array(items, pa.string())).to_pylist(), strict=True))
    folds = [
        "; ".join(sorted({forms[item] for item in some}))
        if some != [text.split("\x1f", 1)[1].strip()]
        else None
        for text, some in zip(given.to_pylist(), cut, strict=True)
    ]
    return pa.table({"text": given, "fold": pa.array(folds, pa.string())})


def _items(holds: str, text: str) -> list[str]:
    """Return the items of a list; "Lynch, David" is one name."""
    items = [item for item in _CUT[holds].split(text) if item.strip()]
    if holds == "names" and len(items) == 2 and text.count(",") == 1 and " " not in items[0].strip():
        return [f"{items[1]} {items[0]}"]
    return items


def _holds(field: str) -> str:
    """Return what the lists of a field hold, by its name; "" if the name does not say."""
    plain = plain_name(re.sub(r"[(\[][^()\[\]]*[)\]]", "", field))
    names = ALIASES | MORE_ALIASES
    return next(
        (holds for holds, fields in _LISTED.items() if any(plain in names.get(name, ()) for name in fields)),
        "",
    )


def _some_cells(engine: DuckEngine, field: str) -> list[str]:
    rows = engine.query(
        f"SELECT DISTINCT value FROM claim_cells WHERE field = {quoted(field)} ORDER BY md5(value) LIMIT {LOOKED_AT}"
    )
    return [text for text in map(str, rows["value"].to_pylist()) if not KINDS["text"].is_blank(text)]


def kind_of(field: str, cells: Sequence[str]) -> str:
    """Return the kind of a field from a sample of its different cells; its name decides where the cells agree with
    it.
    """
    usual = _usual(field)
    known = [text for text in cells if not KINDS["number"].is_blank(text)]
    if usual and (usual == "text" or _share(usual, field, known) > 0.5):
        return usual
    if not known:
        return "text"
    for kind in ("date", "year", "minutes", "money", "number"):
        if _share(kind, field, known) >= READ_SO and _sized(kind, field, known):
            return kind
    if (holds := _holds(field)) and any(len(_items(holds, text)) > 1 for text in known):
        return "list"
    separated = sum(1 for text in known if _SEPARATED.search(text))
    return "list" if separated >= LISTS * len(known) else "text"


def _usual(field: str) -> str | None:
    plain = plain_name(re.sub(r"[(\[][^()\[\]]*[)\]]", "", field))  # without a unit
    for name, kind in _USUAL.items():
        if plain in (ALIASES | MORE_ALIASES).get(name, ()):
            return kind
    return None


def grows(field: str) -> bool:
    """Return whether a field holds amounts that add up over time, by its usual name."""
    plain = plain_name(re.sub(r"[(\[][^()\[\]]*[)\]]", "", field))
    return any(plain in MORE_ALIASES[name] for name in ("revenue", "gross", "domestic"))


def _numbers(kind: str, field: str, cells: Sequence[str]) -> list[float]:
    """Read cells as a kind; cells that do not read as it are left out."""
    reader = money_of(field) if kind == "money" else KINDS[CELLS[kind]]
    convention = reader.decide(cells, len(cells))
    out = []
    for text in cells:
        if kind == "year" and len(text) > 8:  # a longer text with a year in it is a date, or a title
            continue
        value = reader.read(text, convention)
        if value is None or "open" in value.extras:
            continue
        if value.text is None:  # money of another currency
            out.append(float(value.extras["amount"]))
            continue
        if kind == "date":
            if len(value.text) == 10:
                out.append(0.0)
        else:
            out.append(float(value.text))
    return out


def _share(kind: str, field: str, cells: Sequence[str]) -> float:
    return len(_numbers(kind, field, cells)) / len(cells) if cells else 0.0


def _sized(kind: str, field: str, cells: Sequence[str]) -> bool:
    """Return whether plain numbers are of a size usual for the kind."""
    middle = statistics.median(_numbers(kind, field, cells))
    if kind == "minutes":
        # Plain numbers are minutes only where they are small: large ones, in a field not named as a running time, are
        # amounts.
        whole = all("." not in text and not (text.isdecimal() and int(text) > MOST_MINUTES) for text in cells)
        return whole and 1 <= middle <= MOST_MINUTES
    if kind == "money":
        return middle >= LEAST_AMOUNT
    return True


def _read(engine: DuckEngine, field: Field, target: str) -> tuple[Unread, ...]:
    """Make `target`: the rows of a field as file_row, movie, field, source, cell, value, reason."""
    column = identifier(field.name)
    engine.materialize(
        f"{target}_cells",
        f"SELECT file_row AS _claims_position, movie AS _claims_movie, source AS _claims_source, value AS _claims_cell, value AS {column} FROM claim_cells"
        f" WHERE field = {quoted(field.name)}",
    )
    cells = f"{target}_cells"
    found = read_columns(
        engine,
        Rows(cells, cells, "_claims_position"),
        f"{target}_read",
        [Column(field.name, CELLS[field.kind], "_claims_value")],
    )
    value = (
        "regexp_replace(_claims_value, '\\.0$', '')"
        if field.kind in ("year", "minutes", "money")
        else "_claims_value"
    )
    zero = "try_cast(_claims_value AS DOUBLE) <= 0" if field.kind in _NO_ZERO else "false"
    blank = ", ".join(quoted(word) for word in sorted(KINDS[CELLS[field.kind]].blank))
    lowered = "_claims_cell" if CELLS[field.kind] == "text" else "lower(_claims_cell)"
    engine.materialize(
        target,
        f"SELECT _claims_position AS file_row, _claims_movie AS movie, {quoted(field.name)} AS field, _claims_source AS source, _claims_cell AS cell,"
        f" CASE WHEN {lowered} IN ({blank}) THEN NULL ELSE {value} END AS value,"
        f" CASE WHEN {lowered} IN ({blank}) THEN NULL"
        f" WHEN starts_with(_claims_value, {quoted(UNREAD)}) THEN 'cannot be read as {_A[field.kind]}'"
        f" WHEN _claims_value IS NULL THEN 'another currency' WHEN {zero} THEN '0 means unknown' END AS reason FROM {target}_read",
    )
    return found.unread


_A = {
    "year": "a year",
    "minutes": "a running time",
    "money": "money",
    "number": "a number",
    "date": "a date",
    "list": "a list",
    "text": "a text",
}

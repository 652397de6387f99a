"""What matching compares: one row per film record, its titles and names folded once, in flat tables.

Returns `Prepared`: tables keyed by `n`, the number of the record in its list, ready for set-level SQL.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from moviec import text
from moviec.romanise import OTHER_SCRIPT, romanise
from moviec.text import Column, pc

#: One row per record. `titles` has the main title first; lists may be empty or null; unknown is null.
FEATURES = pa.schema(
    [
        ("source", pa.string()),
        ("key", pa.string()),
        ("titles", pa.list_(pa.string())),
        ("year", pa.int32()),
        ("released", pa.date32()),
        ("runtime", pa.int32()),  # minutes
        ("kind", pa.string()),  # feature | short | tv_movie | video
        ("directors", pa.list_(pa.string())),
        ("cast", pa.list_(pa.string())),
        ("genres", pa.list_(pa.string())),
        ("scores", pa.list_(pa.string())),  # "rater panel aspect=value"
        ("votes", pa.int64()),  # most votes that a rater of its source counts
        ("ids", pa.map_(pa.string(), pa.string())),
    ]
)

#: Records (RECORD columns, named `records`) as features.
FROM_RECORDS = """
SELECT source, key,
       list_distinct(list_filter(list_concat([title, original_title],
         coalesce(list_transform(other_titles, lambda t: t.title), [])), lambda t: t IS NOT NULL)) AS titles,
       year, released, runtime, kind,
       list_transform(list_filter(people, lambda p: p.role = 'director'), lambda p: p.name) AS directors,
       list_transform(list_filter(people, lambda p: p.role = 'actor'), lambda p: p.name) AS "cast", genres,
       list_transform(list_filter(ratings, lambda r: r.value IS NOT NULL),
                      lambda r: concat_ws(' ', r.rater, r.panel, r.aspect) || '=' || r.value) AS scores,
       list_max(list_transform(ratings, lambda r: r.votes)) AS votes, ids
FROM records WHERE NOT coalesce(deleted, false)
"""

#: What precedes the name of a part: "Episode V - The Empire Strikes Back".
_NUMBERED = r"(?i)^(?:part|episode|chapter|volume|vol\.?) [\pL\pN]+ ?[-–—:] "

#: Names billed below this place are weak evidence and cost much.
_CAST = 12

#: Genre labels of the main sources that mean the same; others are compared as they are, folded.
_GENRES = {
    "sci fi": "science fiction",
    "scifi": "science fiction",
    "children": "family",
    "childrens": "family",
    "kids and family": "family",
    "musical": "music",
    "film noir": "crime",
    "animated": "animation",
    "biographical": "biography",
    "historical": "history",
    "sports": "sport",
    "romantic": "romance",
    "suspense": "thriller",
    "mystery and suspense": "mystery",
}


class Prepared(msgspec.Struct, frozen=True):
    """A list of films ready to be compared.

    `records`: n, source, key, year, released, runtime, kind, scores, votes. `forms`: n, form, title, squeezed, head, tail, digits, article.
    `words`: n, form, word. `names`: n, role, name. `ids`: n, space, id. `genres`: n, genre.
    """

    records: pa.Table
    forms: pa.Table
    words: pa.Table
    names: pa.Table
    ids: pa.Table
    genres: pa.Table


def prepare(features: pa.Table) -> Prepared:
    """Fold and flatten a list of films (FEATURES columns)."""
    table = features.combine_chunks()
    n = pa.array(np.arange(table.num_rows, dtype=np.int32))
    titles = _titles(table)
    forms = _forms(titles)
    year = pc.coalesce(_one(table["year"]), pc.cast(pc.year(_one(table["released"])), pa.int32()))
    written = _first_year(titles, table.num_rows)
    records = pa.table(
        {
            "n": n,
            "source": table["source"],
            "key": table["key"],
            "year": pc.coalesce(year, written),
            "released": table["released"],
            "runtime": pc.if_else(pc.greater(table["runtime"], 0), table["runtime"], None),
            "kind": table["kind"],
            "scores": table["scores"],
            "votes": table["votes"],
        }
    )
    return Prepared(
        records, forms, _words(forms), _names(table), _ids(table), _genres(_flat(table["genres"]))
    )


def written_years(features: pa.Table) -> Column:
    """Return the year in brackets after a title of each film (FEATURES columns), null where there is none."""
    return _first_year(_titles(features), features.num_rows)


def _one(column: Column) -> Column:
    return column.combine_chunks()


def _flat(column: Column) -> pa.Table:
    """Flatten a list column into n, place (in its list), value; nulls and blanks are left out."""
    lists = _one(column)
    table = pa.table(
        {"n": pc.cast(pc.list_parent_indices(lists), pa.int32()), "value": pc.list_flatten(lists)}
    )
    starts = np.repeat(lists.offsets.to_numpy()[:-1], np.diff(lists.offsets.to_numpy()))
    place = np.arange(len(starts), dtype=np.int32) - (starts - (lists.offsets[0].as_py() or 0))
    if len(place) != table.num_rows:  # a null list may hide values
        return _flat(pa.chunked_array([pa.array(lists.to_pylist(), lists.type)]))
    table = table.append_column("place", pa.array(place.astype(np.int32)))
    return table.filter(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(table["value"])), 0))


def _titles(table: pa.Table) -> pa.Table:
    """Flatten the titles, entities resolved and all white space as plain spaces; those of other scripts also in Latin
    letters.
    """
    titles = _flat(table["titles"])
    titles = titles.set_column(titles.column_names.index("value"), "value", text.plain(titles["value"]))
    return pa.concat_tables([titles, _romanised(titles)]).sort_by(
        [("n", "ascending"), ("place", "ascending")]
    )


def _romanised(titles: pa.Table) -> pa.Table:
    """Return titles of other scripts in Latin letters, in addition to the native form: simplified and traditional
    Chinese become equal there.
    """
    others = titles.filter(pc.match_substring_regex(titles["value"], OTHER_SCRIPT))
    if not others.num_rows:
        return others
    ways = [(value, way) for value in pc.unique(others["value"]).to_pylist() for way in romanise(value)]
    written = pa.table(
        {"value": [value for value, _ in ways], "way": pa.array([way for _, way in ways], pa.string())}
    )
    joined = others.join(written, "value", join_type="inner")
    return (
        joined.select(["n", "way", "place"])
        .rename_columns(["n", "value", "place"])
        .select(titles.column_names)
    )


def _first_year(titles: pa.Table, rows: int) -> Column:
    """Return the year written in brackets after a title, one per record, null where there is none."""
    found = pa.table({"n": titles["n"], "year": text.title_year(titles["value"])}).filter(
        pc.field("year") > 0
    )
    years = np.zeros(rows, dtype=np.int32)
    years[found["n"].to_numpy()[::-1]] = found["year"].to_numpy()[::-1]
    return pa.array(years, mask=years == 0)


def _forms(titles: pa.Table) -> pa.Table:
    """Return every way a film is titled: its titles, what they name in brackets, each also without its subtitle."""
    named = text.alternatives(text.bare_title(titles["value"]))
    parents = titles.take(pc.list_parent_indices(named))
    raw = text.turn_article(pc.list_flatten(named))
    head, tail = text.split_subtitle(raw)
    tail = pc.replace_substring_regex(tail, _NUMBERED, "")
    title = _folded(raw)
    split = pc.is_valid(tail)
    folded_head = text.compact(_folded(pc.filter(head, split)))
    whole = text.compact(title)
    forms = pa.table(
        {
            "n": parents["n"],
            "title": title,
            "squeezed": whole,
            "head": pc.replace_with_mask(whole, split, folded_head),
            "tail": text.compact(_folded(tail)),
            "digits": text.numbers(title),
            "article": text.opening_article(raw),
        }
    ).filter(pc.greater(pc.utf8_length(title), 0))
    forms = forms.group_by(["n", "squeezed", "article"], use_threads=False).aggregate(
        [(name, "first") for name in ("title", "head", "tail", "digits")]
    )
    forms = forms.rename_columns(["n", "squeezed", "article", "title", "head", "tail", "digits"])
    return forms.append_column("form", pa.array(np.arange(forms.num_rows, dtype=np.int32)))


def _folded(titles: Column) -> Column:
    return text.letters_for_digits(text.fold_title(titles))


def _words(forms: pa.Table) -> pa.Table:
    split = _one(pc.split_pattern(forms["title"], " "))
    parents = forms.select(["n", "form"]).take(pc.list_parent_indices(split))
    return parents.append_column("word", pc.list_flatten(split))


def _names(table: pa.Table) -> pa.Table:
    parts = []
    for role in ("directors", "cast"):
        people = _flat(table[role]).filter(pc.field("place") < _CAST)
        names = text.once_each(people["value"], text.fold_name)
        parts.append(
            pa.table({"n": people["n"], "name": names}).append_column("role", _constant(role, len(names)))
        )
    return pa.concat_tables(parts).group_by(["n", "role", "name"], use_threads=False).aggregate([])


def _genres(genres: pa.Table) -> pa.Table:
    folded = text.fold(genres["value"])
    known = pc.index_in(folded, pa.array(list(_GENRES)))
    genre = pc.coalesce(pc.take(pa.array(list(_GENRES.values())), known), folded)
    flat = pa.table({"n": genres["n"], "genre": genre}).filter(pc.field("genre") != "no genres listed")
    return flat.group_by(["n", "genre"], use_threads=False).aggregate([])


def _ids(table: pa.Table) -> pa.Table:
    ids = _one(table["ids"])
    entries = pc.list_flatten(
        pc.cast(ids, pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())])))
    )
    parents = np.repeat(np.arange(len(ids), dtype=np.int32), np.diff(ids.offsets.to_numpy()))
    flat = pa.table(
        {
            "n": pa.array(parents),
            "space": pc.struct_field(entries, "key"),
            "id": pc.struct_field(entries, "value"),
        }
    )
    return flat.filter(pc.is_valid(flat["id"]))


def _constant(value: str, rows: int) -> Column:
    return pc.take(pa.array([value]), pa.array(np.zeros(rows, dtype=np.int32)))

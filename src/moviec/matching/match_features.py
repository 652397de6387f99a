"""Match features: what matching needs of each record, folded when the record arrives (MATCH_FEATURES rows).

A row depends only on its record, the words of the pinned model and the folding rules, so a file of them is valid as
long as these stay the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from moviec.engine import Batches, DuckEngine
from moviec.matching.features import FROM_RECORDS, Prepared, prepare
from moviec.matching.model import Model, WordBits
from moviec.sql import read_sql
from moviec.text import Column, pc

_SQL = read_sql("moviec.matching", "match_features.sql")

#: The blocking rules, in order of name; `blocks` holds their places in this list.
RULES = (
    "id",
    "person and year",
    "start and year",
    "title",
    "title and year",
    "twins",
    "two people",
    "word",
    "word and year",
)
ID_RULE, TWINS_RULE = RULES.index("id"), RULES.index("twins")

#: One form of a film's title. `head` and `tail`: before and after a colon or dash. `article`: the one that opens it,
#: which the others lack. `bits`: the information of its words, in thousandths of a bit.
FORM = pa.struct(
    [
        ("title", pa.string()),
        ("squeezed", pa.string()),
        ("head", pa.string()),
        ("tail", pa.string()),
        ("digits", pa.string()),
        ("article", pa.string()),
        ("bits", pa.int32()),
    ]
)
NAME = pa.struct([("role", pa.string()), ("name", pa.string())])  # directors | cast
BLOCK = pa.struct([("rule", pa.int8()), ("block", pa.int64())])

#: One row per record, all words folded. A tombstone has only the first four columns.
_MATCH_FEATURES: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("delivery", pa.string()),
    ("deleted", pa.bool_()),
    ("year", pa.int32()),
    ("released", pa.date32()),
    ("runtime", pa.int32()),  # minutes
    ("kind", pa.string()),
    ("forms", pa.list_(FORM)),
    ("names", pa.list_(NAME)),
    ("genres", pa.list_(pa.string())),
    ("scores", pa.list_(pa.string())),  # "rater panel aspect=value"
    ("votes", pa.int64()),  # most votes that a rater of its source counts
    ("ids", pa.map_(pa.string(), pa.string())),
    ("blocks", pa.list_(BLOCK)),
]
MATCH_FEATURES = pa.schema(_MATCH_FEATURES)

#: The version of folding: raised when folding changes, so that the files are rebuilt.
FOLDING = 7

#: Records folded at once: enough for speed, few enough for flat memory.
CHUNK = 20_000
#: The same for lists, which are in memory anyway.
LIST_CHUNK = 100_000

_AS_THEY_COME = ("year", "released", "runtime", "kind", "scores", "votes")
_NEEDED = ("source", "key", "delivery", "deleted", "title", "original_title", "other_titles", "year", "released",
           "runtime", "kind", "people", "genres", "ratings", "ids")  # fmt: skip


def features_of_rows(records: pa.Table, model: Model) -> pa.Table:
    """Fold records (RECORD columns, tombstones among them) into MATCH_FEATURES rows, one per record, in their order."""
    return pa.Table.from_batches(features_of_batches(records.to_batches(CHUNK), model), MATCH_FEATURES)


def features_of_batches(
    batches: Iterable[pa.RecordBatch], model: Model, beside: DuckEngine | None = None
) -> Batches:
    """Do the same batch by batch, with flat memory, next to an open engine; batches of CHUNK rows are best."""
    with DuckEngine(beside=beside) as engine:
        _know_words(engine, model.word_bits())
        for batch in batches:
            yield from _features(engine, pa.Table.from_batches([batch]).select(_NEEDED)).to_batches()


def features_of_lists(lists: Sequence[pa.Table], model: Model) -> pa.Table:
    """Fold lists of films (FEATURES columns, no key twice in a list) into MATCH_FEATURES rows.

    Words are counted in these lists, too: they may be in a language that the model has no words of.
    """
    chunks = [
        pa.Table.from_batches([batch])
        for films in lists
        for batch in films.combine_chunks().to_batches(LIST_CHUNK)
    ]
    prepared = [prepare(chunk) for chunk in chunks]
    words = pa.concat_tables([_words_of(films) for films in prepared])
    with DuckEngine() as engine:
        _know_words(engine, model.word_bits(words, sum(len(films) for films in lists)))
        rows = [
            _features_of_list(engine, chunk, films) for chunk, films in zip(chunks, prepared, strict=True)
        ]
    return pa.concat_tables([MATCH_FEATURES.empty_table(), *rows])


def _features_of_list(engine: DuckEngine, films: pa.Table, prepared: Prepared) -> pa.Table:
    given: dict[str, Column] = {name: films[name] for name in ("source", "key", "ids")}
    given["delivery"] = pa.nulls(len(films), pa.string())
    given["deleted"] = pa.array([False] * len(films))
    return _rows(given, _folded(engine, prepared))


def _words_of(prepared: Prepared) -> pa.Table:
    """Count in how many of the films each word is in a title: word, films."""
    each = prepared.words.select(["n", "word"]).group_by(["n", "word"]).aggregate([])
    return each.group_by("word").aggregate([("n", "count")]).rename_columns(["word", "films"])


def _know_words(engine: DuckEngine, words: WordBits) -> None:
    """Register words and blocking rules in the engine."""
    engine.register("word_bits", words.listed)
    engine.materialize("known_words", _SQL["known_words"])
    engine.register("rarest", pa.table({"bits": [words.rarest]}))
    engine.register("rules", pa.table({"rule": RULES, "place": pa.array(range(len(RULES)), pa.int8())}))


def _features(engine: DuckEngine, records: pa.Table) -> pa.Table:
    """Fold one chunk; tombstones keep their rows, with nothing in them."""
    engine.register("records", records)
    prepared = prepare(engine.query(FROM_RECORDS))
    folded = _folded(engine, prepared)
    gone = pc.fill_null(records["deleted"], False)
    place = pc.cast(pc.cumulative_sum(pc.cast(pc.invert(gone), pa.int64())), pa.int64())
    rows = folded.take(pc.if_else(gone, None, pc.subtract(place, 1)))
    given = {
        "source": records["source"],
        "key": records["key"],
        "delivery": records["delivery"],
        "deleted": gone,
        "ids": pc.if_else(gone, None, records["ids"]),
    }
    return _rows(given, rows)


def _rows(given: dict[str, Column], folded: pa.Table) -> pa.Table:
    """Add the columns that need no folding to the folded ones."""
    columns = [given[name] if name in given else folded[name] for name in MATCH_FEATURES.names]
    return pa.table(columns, names=MATCH_FEATURES.names).combine_chunks().cast(MATCH_FEATURES)


def _folded(engine: DuckEngine, prepared: Prepared) -> pa.Table:
    """Return the columns that are folded, one row per film: year, released, runtime, kind, forms, names, genres,
    scores, votes, blocks."""
    for name in Prepared.__struct_fields__:
        engine.register(name, getattr(prepared, name))
    for name in ("film_words", "keys"):
        engine.materialize(name, _SQL[name])
    forms, blocks = engine.query(_SQL["weighed"]), engine.query(_SQL["blocks"])
    rows = prepared.records.num_rows
    lists = {
        "forms": _lists(forms["n"], _structs(forms, FORM), rows),
        "names": _lists(prepared.names["n"], _structs(prepared.names, NAME), rows),
        "genres": _lists(prepared.genres["n"], prepared.genres["genre"], rows),
        "blocks": _lists(blocks["n"], _structs(blocks, BLOCK), rows),
    }
    return pa.table(
        {
            **{name: prepared.records[name] for name in _AS_THEY_COME},
            **lists,
        }
    )


def _structs(table: pa.Table, kind: pa.StructType) -> Column:
    columns = [table[field.name].combine_chunks().cast(field.type) for field in kind]
    return pa.StructArray.from_arrays(columns, fields=list(kind))


def _lists(n: Column, values: Column, rows: int) -> Column:
    """Gather values into one list per record, in the given order."""
    numbers = n.to_numpy()
    order = np.argsort(numbers, kind="stable")
    offsets = np.append(0, np.cumsum(np.bincount(numbers, minlength=rows))).astype(np.int32)
    taken = pc.take(values, pa.array(order))
    flat = taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)

"""Fused movies as JSON, one document per movie, served byte for byte; built in SQL, with unknown values left out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.fusion.genres import genre_table
from moviec.fusion.movies import Fused
from moviec.fusion.survivorship import Rule, rule_table
from moviec.sql import read_sql, with_parts

_DOCUMENTS_SQL = read_sql("moviec.fusion", "documents.sql")
_PARTS = (
    "doc_titles_json",
    "doc_genres_json",
    "doc_keywords_json",
    "doc_languages_json",
    "doc_countries_json",
    "doc_people_json",
    "doc_companies_json",
    "doc_ids_json",
    "doc_aspects_json",
    "doc_rating_json",
    "doc_ratings_json",
    "doc_money_json",
    "doc_confidence_json",
    "doc_sources_json",
)
_DOCUMENTS = f"{with_parts(_DOCUMENTS_SQL, _PARTS, 'doc_documents')}\nORDER BY movie"


#: Columns that parties add, with NULL where parties are not resolved yet.
_PARTIES = (("credits", "person"), ("companies", "company"))


#: The version of what documents and claims say of the same records: one higher when it changes, so that every film of a
#: catalogue is written again.
SHAPE = 2

#: Posters and videos that are stored: the address by which a source names one, and its value in documents (JSON text:
#: an object of a poster, a path of a video).
NO_POSTERS = pa.table({"address": pa.array([], pa.string()), "poster": pa.array([], pa.string())})


def documents(
    engine: Engine, fused: Fused, rules: Mapping[str, Rule], posters: pa.Table = NO_POSTERS
) -> pa.Table:
    """Return movie, document (JSON text), in order of movie. Left out: a poster that is not among `posters`, and a
    trailer that is neither an address nor among the videos.

    `fused.credits` may have a column `person` and `fused.companies` one `company`: their ids, shown as `id`.
    """
    for table, column in _PARTIES:
        given: pa.Table = getattr(fused, table)
        if column not in given.column_names:
            given = given.append_column(column, pa.nulls(given.num_rows, pa.int64()))
            fused = msgspec.structs.replace(fused, **{table: given})
    engine.register("doc_posters", posters)
    _open(engine, fused, rules)
    return engine.query(_DOCUMENTS)


def _open(engine: Engine, fused: Fused, rules: Mapping[str, Rule]) -> None:
    for name in fused.__struct_fields__:
        engine.register(f"doc_{name}", getattr(fused, name))
    engine.register("doc_rules", rule_table(rules))
    engine.register("genre_list", genre_table())

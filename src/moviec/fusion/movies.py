"""Fuse the records of movies: fields, titles, genres, people, companies, ratings, and the reasons.

Pure: an engine that holds the records, a pinned model and the sources' facts in; Arrow tables out. A movie's rows
depend only on its own records, so any selection of movies is fused as in a run over all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.fusion.genres import decide, genre_table
from moviec.fusion.members import (
    PLAIN,
    open_member_claims,
    open_member_labels,
    open_members,
    prepare_member_ratings,
)
from moviec.fusion.model import FuseModel
from moviec.fusion.source_facts import LAST_PLACE, FuseFacts
from moviec.fusion.survivorship import Reliability, believed, fuse
from moviec.rating.table import RATED, rated
from moviec.sql import materialize, read_sql, run, view, with_parts
from moviec.text import Column, fold, fold_name, fold_title, pc

_MOVIES_SQL = read_sql("moviec.fusion", "movies.sql")
_CLAIMS_SQL = read_sql("moviec.fusion", "claims.sql")
_VALUES = (
    materialize("movie_values"),
    materialize("movie_lists"),
    view("movie_titled"),
)
_RANKS = (
    view("movie_title_ranks"),
    materialize("movie_titles"),
    materialize("movie_genre_ranks"),
    view("movie_ids"),
)
_GIVEN = (materialize("party_given"),)
_BILLED = (
    materialize("party_billed"),
    materialize("party_fused", "party_keyed", "party_folded"),
)


Folding: TypeAlias = Callable[[Column], Column]

#: The types of fused fields that are not text.
_TYPES = {
    "year": "INT",
    "released": "DATE",
    "runtime": "INT",
    "adult": "INT",
    **dict.fromkeys(
        ("budget", "popularity", "votes", "revenue", "revenue_domestic", "revenue_unstated"), "BIGINT"
    ),
}
_SINGLE = (*PLAIN, "adult", "votes", "revenue", "revenue_domestic", "revenue_unstated")

#: Fields taken from the sources in the order of trust, besides those that are voted on.
_ORDERED = ("default", "title", "people", "companies", "languages", "countries", "keywords")


#: The tables of Fused, from what the steps before have made.
_TABLES = {
    "movies": """
        SELECT r.movie, v.kind, v.title, v.original_title, v.year, v.released, v.runtime, v.status, v.certificate,
               v.collection, v.original_language, v.budget,
               COALESCE(v.revenue, v.revenue_domestic, v.revenue_unstated) AS revenue,
               CASE WHEN v.revenue IS NOT NULL THEN 'worldwide' WHEN v.revenue_domestic IS NOT NULL THEN 'domestic' END
                 AS revenue_scope,
               v.popularity, v.votes, s.c_rating, s.low AS c_low, s.high AS c_high, s.critics, s.audience,
               COALESCE(s.sources, 0) AS raters, v.overview, v.tagline, v.poster, v.trailer, v.homepage,
               v.adult = 1 AS adult
        FROM (SELECT DISTINCT movie FROM movie_records) r
        LEFT JOIN movie_values v ON v.movie = r.movie
        LEFT JOIN movie_scores s ON s.movie = r.movie AND s.aspect = 'overall'
        ORDER BY r.movie""",
    "titles": "SELECT * FROM movie_titles ORDER BY movie, position",
    "movie_genres": """
        SELECT movie, genre, position, confidence FROM movie_genre_ranks WHERE shown ORDER BY movie, genre""",
    **{
        name: f"""
        SELECT movie, position, value AS {column} FROM movie_lists WHERE field = '{field}' ORDER BY movie, position"""
        for name, field, column in (
            ("keywords", "keywords", "keyword"),
            ("movie_languages", "languages", "language"),
            ("movie_countries", "countries", "country"),
        )
    },
    "credits": """
        SELECT movie, position, source, key, name, role, character, keys FROM party_fused WHERE field = 'people'
        ORDER BY movie, position""",
    "companies": """
        SELECT movie, position, source, key, name, keys FROM party_fused WHERE field = 'companies'
        ORDER BY movie, position""",
    "external_ids": "SELECT * FROM movie_ids ORDER BY movie, space, id",
    "ratings": """
        SELECT movie, rater, panel, aspect, value, lowest, highest, votes, source, points FROM movie_ratings
        ORDER BY movie, rater, aspect""",
    "money": """
        SELECT DISTINCT movie, source, m.field, m.amount, m.currency, m.scope
        FROM (SELECT movie, source, UNNEST(money) AS m FROM movie_records) ORDER BY ALL""",
    "scores": "SELECT * FROM movie_scores ORDER BY movie, aspect",
    "fields": "SELECT movie, field, value, source, rule, confidence FROM field_fused ORDER BY movie, field, value",
    "sources": "SELECT DISTINCT movie, source FROM movie_records ORDER BY movie, source",
}


class Fused(msgspec.Struct, frozen=True):
    """Fused movies as tables, each in the order of its key; money in whole dollars, popularity and confidence in millionths.

    movies: movie, kind, title, original_title, year, released, runtime, status, certificate, collection,
      original_language, budget, revenue, revenue_scope, popularity, votes, c_rating, c_low, c_high, critics, audience
      (points), raters, overview, tagline, poster, trailer, homepage, adult
    titles: movie, position, title, language, region; movie_genres: movie, genre, position, confidence
    keywords, movie_languages, movie_countries: movie, position, keyword | language | country
    credits: movie, position, source, key, name, role, character, keys (id space -> key)
    companies: movie, position, source, key, name, keys
    external_ids: movie, space, id, position (0 is the one shown)
    ratings: movie, rater, panel, aspect, value, lowest, highest, votes, source, points
    money: movie, source, field (budget | revenue), amount, currency, scope: what sources say in other currencies
    scores: RATED columns, per movie and aspect
    fields: movie, field, value (text), source, rule, confidence; several rows where the rule is a union
    claims: movie, claims (JSON text: every field's value, rule, confidence, source, and who claims what with which weight)
    sources: movie, source
    """

    movies: pa.Table
    titles: pa.Table
    movie_genres: pa.Table
    keywords: pa.Table
    movie_languages: pa.Table
    movie_countries: pa.Table
    credits: pa.Table
    companies: pa.Table
    external_ids: pa.Table
    ratings: pa.Table
    money: pa.Table
    scores: pa.Table
    fields: pa.Table
    claims: pa.Table
    sources: pa.Table


def fuse_movies(engine: Engine, model: FuseModel, facts: FuseFacts) -> Fused:
    """Fuse the records in the engine's `members` (movie as a number, then RECORD columns) under the model."""
    judge(engine, model, facts)
    _open_orders(engine, facts)
    run(engine, _MOVIES_SQL, _VALUES, _parts())
    _fold(engine, "title_folds", "SELECT DISTINCT title AS name FROM movie_titled", fold_title)
    run(engine, _MOVIES_SQL, _RANKS, _parts())
    _fuse_parties(engine)
    numbers = [name for name in _TYPES if name not in ("released", "adult")]
    tables = {name: engine.query(sql) for name, sql in _TABLES.items()}
    return Fused(**tables, claims=_claims(engine, numbers))


def judge(engine: Engine, model: FuseModel, facts: FuseFacts) -> None:
    """Do the part of fusing that depends on the model: make `field_fused`, `genre_truth` and `movie_scores`."""
    open_members(engine, facts)
    open_member_claims(engine, facts, model.copies)
    fuse(engine, _standing(engine, model, facts))
    decide(engine, model.genres, open_member_labels(engine, facts))
    engine.register("movie_scores", _scores(engine, model))


def _standing(engine: Engine, model: FuseModel, facts: FuseFacts) -> tuple[Reliability, ...]:
    """Return the reliability of every source present: as learned, else the prior."""
    learned = {(each.source, each.field): each for each in model.reliability}
    return tuple(learned.get((each.source, each.field), each) for each in believed(engine, facts.belief))


def _open_orders(engine: Engine, facts: FuseFacts) -> None:
    rows = [
        {"source": source.name, "field": field, "place": source.place(field), "space": source.space}
        for source in facts.sources
        for field in _ORDERED
    ]
    columns: list[tuple[str, pa.DataType]] = [
        ("source", pa.string()),
        ("field", pa.string()),
        ("place", pa.int64()),
        ("space", pa.string()),
    ]
    engine.register("movie_orders", pa.Table.from_pylist(rows, pa.schema(columns)))
    engine.register("genre_list", genre_table())


def _parts() -> dict[str, str]:
    """Return the parts of movies.sql generated from the lists above."""
    picked = (
        f"MAX(CASE WHEN field = '{name}' THEN CAST(value AS {_TYPES.get(name, 'STRING')}) END) AS {name}"
        for name in _SINGLE
    )
    return {"columns": ", ".join(picked), "last": str(LAST_PLACE)}


def _fold(engine: Engine, name: str, names: str, folding: Folding) -> None:
    """Register the names that a query returns with their folds (name, fold); one without words is its own fold."""
    rows = engine.query(names)
    given = rows.column("name").combine_chunks()
    folded = folding(given)
    kept = pc.if_else(pc.equal(folded, pa.scalar("")), given, folded)
    engine.register(name, rows.append_column("fold", kept))


def _fuse_parties(engine: Engine) -> None:
    """Make `party_fused`: people folded as names of persons, companies as any words."""
    run(engine, _MOVIES_SQL, _GIVEN)
    for field, folding in (("people", fold_name), ("companies", fold)):
        names = f"SELECT DISTINCT field, name FROM party_given WHERE field = '{field}'"
        _fold(engine, f"{field}_folds", names, folding)
    engine.view("party_folds", "SELECT * FROM people_folds UNION ALL SELECT * FROM companies_folds")
    run(engine, _MOVIES_SQL, _BILLED, _parts())


def _scores(engine: Engine, model: FuseModel) -> pa.Table:
    """Return the C-rating of every movie and aspect that has one: RATED columns, the movie as a number."""
    parts = list(rated(engine, prepare_member_ratings(engine), model.rating))
    rows = pa.concat_tables(parts) if parts else RATED.empty_table()
    heard = rows.filter(pc.greater(rows.column("sources"), pa.scalar(0)))
    return heard.set_column(0, "movie", pc.cast(heard.column("movie"), pa.int64()))


_CLAIMED = f"{with_parts(_CLAIMS_SQL, ('claim_dates',), 'movie_claims')}\nORDER BY movie"

#: Statement of items, the table their texts are joined into, by which keys, in which order.
_JOINED = (
    ("claim_items", "claim_lists", "movie, place", "lightness, source, given"),
    ("claim_union_items", "claim_unions", "movie, place", "doubt, given"),
    ("claim_field_items", "claim_fields", "movie", "place"),
    ("claim_label_items", "claim_labels", "movie, source", "item"),
    ("claim_labelled_items", "claim_labelled", "movie", "source"),
    ("claim_chance_items", "claim_chances", "movie", "position"),
    ("claim_name_items", "claim_names", "movie, field, source", "billing"),
    ("claim_role_items", "claim_roles", "movie, field, source", "billing"),
    ("claim_nameless_items", "claim_nameless", "movie, field, source", "billing"),
    ("claim_named_items", "claim_named", "movie, field", "source"),
    ("claim_union_fields", "claim_name_fields", "movie", "field DESC"),
)

#: Views that the items read.
_BEFORE = {
    "claim_union_items": (view("claim_fused"),),
    "claim_field_items": (view("claim_values"),),
    "claim_role_items": (materialize("claim_parts"),),
}


def _claims(engine: Engine, numbers: Sequence[str]) -> pa.Table:
    """Return movie, claims (JSON text) in order of movie, from the fused tables; `numbers` are numeric fields."""
    listed = ", ".join(f"'{name}'" for name in numbers)
    run(engine, _CLAIMS_SQL, (materialize("claim_typed"),), {"numbers": listed})
    for items, joined, keys, order in _JOINED:
        run(engine, _CLAIMS_SQL, _BEFORE.get(items, ()))
        _join_in_order(engine, joined, _CLAIMS_SQL[items], keys, order)
    return engine.query(_CLAIMED)


def _join_in_order(engine: Engine, name: str, items: str, keys: str, order: str = "") -> None:
    """Make `name` (the keys, items): the texts `item` of a group with commas between them.

    `items` is a query of the keys, `item` (never NULL) and the columns in `order`, by which a group is sorted.
    """
    rows = engine.query(f"SELECT {keys}, item FROM (\n{items}) ORDER BY {keys}{order and ', '}{order}")
    engine.register(name, _joined(rows, keys.split(", ")))


def _joined(rows: pa.Table, keys: list[str]) -> pa.Table:
    """Join the items of adjacent rows with the same keys."""
    count = rows.num_rows
    begins = np.ones(count, dtype=bool)
    if count > 1:
        begins[1:] = False
        for key in keys:
            column = rows.column(key).combine_chunks()
            other = pc.not_equal(column.slice(1), column.slice(0, count - 1))
            begins[1:] |= other.to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(begins)
    cuts = pa.array(np.append(starts, count), pa.int64())
    lists = pa.LargeListArray.from_arrays(cuts, rows.column("item").combine_chunks())
    items: Column = pc.binary_join(lists, ",")
    return rows.select(keys).take(pa.array(starts, pa.int64())).append_column("items", items)

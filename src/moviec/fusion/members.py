"""Prepares the records of movies for fusing: claims by field, genre labels, and ratings, each rater once per movie.

Shared by fusing and fitting. Returns `movie_records`, `movie_labels`, `movie_ratings` and the opened claims.
"""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import Engine
from moviec.fusion.genres import GenreInput, limits, meanings, open_labels
from moviec.fusion.source_facts import FuseFacts
from moviec.fusion.survivorship import CLAIMS, FieldCopy, open_claims
from moviec.rating.arrays import Raters, prepare
from moviec.rating.model import prior_of
from moviec.sql import materialize, read_sql, run, view
from moviec.text import Column, pc

_MEMBERS_SQL = read_sql("moviec.fusion", "members.sql")
_OPENED = (
    view("movie_records"),
    view("movie_labels"),
    view("movie_listed"),
    view("movie_revenues"),
    view("movie_votes"),
    materialize("movie_named"),
    view("movie_tied"),
    view("movie_rated"),
)
_RATED = (materialize("movie_ratings", "movie_rating_rows"),)


#: Fields claimed with the record's own value.
PLAIN = (
    "kind",
    "title",
    "original_title",
    "year",
    "released",
    "runtime",
    "status",
    "certificate",
    "collection",
    "original_language",
    "budget",
    "popularity",
    "overview",
    "tagline",
    "poster",
    "trailer",
    "homepage",
)
#: Fields that records are matched by.
MATCHED = ("title", "original_title", "year")

#: Every record's plain fields as text, one column each.
_PLAIN_TEXTS = f"""
SELECT movie, source, delivered, {", ".join(f"CAST({name} AS STRING) AS {name}" for name in PLAIN)},
       CAST(CAST(adult AS INT) AS STRING) AS adult
FROM movie_records"""

#: Claims of the other fields.
_LISTED = """
SELECT movie, field, source, CAST(revenue AS STRING) AS value, delivered FROM movie_revenues
UNION ALL SELECT movie, 'votes', source, CAST(votes AS STRING), delivered FROM movie_votes
UNION ALL SELECT movie, field, source, value, delivered FROM movie_listed"""
_RATING_COLUMNS = ["movie", "source", "value", "lowest", "highest", "votes", "panel", "aspect", "deviation"]


def open_members(engine: Engine, facts: FuseFacts) -> None:
    """Make the views of members.sql over the engine's `members` (movie as a number, then RECORD columns)."""
    run(engine, _MEMBERS_SQL, _OPENED)
    found = engine.query("SELECT DISTINCT rating.rater AS rater FROM movie_rated ORDER BY rater")
    named = [str(name) for name in found.column("rater").to_pylist() if name is not None]
    panels = {name: prior_of(name).panel for name in named} | facts.raters
    columns = {"rater": pa.array(panels, pa.string()), "panel": pa.array(panels.values(), pa.string())}
    engine.register("movie_raters", pa.table(columns))
    run(engine, _MEMBERS_SQL, _RATED)


def open_member_claims(engine: Engine, facts: FuseFacts, copies: tuple[FieldCopy, ...]) -> None:
    """Open the records' claims of every field with a rule."""
    open_claims(engine, _claims(engine), facts.rules, copies)


def open_witnesses(engine: Engine, facts: FuseFacts, copies: tuple[FieldCopy, ...]) -> None:
    """Open the claims that can confirm each other.

    A record matched by its title cannot confirm the title: there a shared id must tie it to another source.
    """
    engine.register("movie_claims_all", _claims(engine))
    matched = ", ".join(f"'{field}'" for field in MATCHED)
    rows = engine.query(
        f"SELECT c.* FROM movie_claims_all c LEFT JOIN movie_tied t ON t.movie = c.movie AND t.source = c.source"
        f" WHERE field NOT IN ({matched}) OR t.source IS NOT NULL"
    )
    open_claims(engine, rows, facts.rules, copies)


def _claims(engine: Engine) -> pa.Table:
    """Return all claims (CLAIMS); the plain fields are unpivoted here, as that takes long to plan in SQL."""
    texts = engine.query(_PLAIN_TEXTS)
    fields = (*PLAIN, "adult")
    columns = [
        [texts["movie"], _repeated(field, texts.num_rows), texts["source"], texts[field], texts["delivered"]]
        for field in fields
    ]
    plain = [pa.table(column, list(CLAIMS)).filter(pc.is_valid(column[3])) for column in columns]
    return pa.concat_tables([*plain, engine.query(_LISTED)])


def _repeated(text: str, times: int) -> Column:
    return pa.repeat(pa.scalar(text), times)


def open_member_labels(engine: Engine, facts: FuseFacts) -> tuple[str, ...]:
    """Open the records' genre labels; return the sources that a pattern has a letter for, in order."""
    labels = engine.query("SELECT movie, source, label FROM movie_labels")
    sources = tuple(sorted(source.name for source in facts.sources))
    open_labels(engine, GenreInput(labels, meanings(facts.sources), limits(facts.sources)), sources)
    return sources


def prepare_member_ratings(engine: Engine) -> Raters:
    """Prepare the ratings that count for rating or fitting (rating.arrays)."""
    engine.view(
        "movie_rating_table",
        "SELECT movie, rater AS source, value, lowest, highest, votes, panel, aspect, deviation FROM movie_ratings",
    )
    return prepare(engine, _RATING_COLUMNS, "movie_rating_table")

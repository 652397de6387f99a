"""Fuses the records of movies into the rows of every table and the documents, slice by slice for a
publication; and one film with its owner's private records, which is not stored.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from moviec.catalog.deliveries import all_batches
from moviec.catalog.ingest_queue import records_aside
from moviec.catalog.ledger import records_of
from moviec.catalog.publish import stored_documents
from moviec.catalog.staging import Rows, StoredRows, as_table, rows_of_all, store_rows
from moviec.engine import DuckEngine, Limits
from moviec.fusion.documents import NO_POSTERS, documents
from moviec.fusion.genres import genres, meanings
from moviec.fusion.model import FuseModel
from moviec.fusion.movies import Fused, fuse_movies
from moviec.fusion.place_names import country_names, language_names
from moviec.fusion.source_facts import FuseFacts, SourceFacts
from moviec.fusion.survivorship import Rule
from moviec.home.context import RunContext
from moviec.home.models import facts_in_force, pinned_models, unpublished
from moviec.lake.batches import view_current_records
from moviec.sources.spec import SourceSpec
from moviec.text import fold_title

#: A fused credit takes the party of the credit that it was chosen from.
_WITH_PARTY = """
SELECT f.*, p.id AS {column} FROM fused_{table} f
LEFT JOIN (SELECT movie, source, key, name, {role} min(id) AS id FROM {ids} GROUP BY ALL) p
  ON p.movie = f.movie AND p.source = f.source AND p.name = f.name AND p.key IS NOT DISTINCT FROM f.key {same_role}
ORDER BY f.movie, f.position
"""

_KEYS = "coalesce(to_json(keys)::VARCHAR, '{}') AS keys"

#: The catalogue's tables from the fused ones; of equal rows of a list only the first is kept.
_TABLES = {
    "movies": "SELECT * EXCLUDE (title, adult), coalesce(title, original_title, '') AS title, coalesce(adult, false) AS adult"
    " FROM fused_movies",
    "titles": "SELECT movie, position, title, language, region FROM fused_titles",
    "movie_genres": "SELECT movie, genre, position, confidence FROM fused_movie_genres",
    "movie_companies": f"SELECT movie, position, company, name, {_KEYS} FROM fused_companies",
    "credits": f"SELECT movie, position, person, name, coalesce(role, '') AS role, character, {_KEYS} FROM fused_credits",
    "movie_languages": "SELECT movie, language, min(position) AS position FROM fused_movie_languages GROUP BY ALL",
    "movie_countries": "SELECT movie, country, min(position) AS position FROM fused_movie_countries GROUP BY ALL",
    "movie_keywords": "SELECT movie, position, keyword FROM fused_keywords",
    "external_ids": "SELECT space, id, movie, min(position) AS position FROM fused_external_ids GROUP BY ALL",
    "ratings": "SELECT * FROM fused_ratings",
}


class Shown(msgspec.Struct, frozen=True):
    """The published form of some movies: rows by table, documents (movie, document, claims, hash, claims_hash), and the
    lists they use.
    """

    tables: dict[str, pa.Table]
    documents: pa.Table
    lists: dict[str, pa.Table]


class AllShown(msgspec.Struct, frozen=True):
    """The same for all movies of a run; where there are many, the rows are in files."""

    tables: dict[str, Rows]
    documents: Rows
    lists: dict[str, pa.Table]


def facts_of(
    specs: Iterable[SourceSpec], rules: Mapping[str, Rule], posters: pa.Table | None = None
) -> FuseFacts:
    """Return what fusing needs to know of the sources, with the rules and the stored posters."""
    return FuseFacts(
        tuple(
            SourceFacts(
                name=spec.name,
                space=spec.space or spec.name,
                order=spec.order,
                genres={
                    label: (meaning.name, *meaning.alternatives) for label, meaning in spec.genres.items()
                },
                unable=spec.unable,
                genre_limit=spec.genre_limit,
                raters={name: rater.panel for name, rater in spec.raters.items()},
            )
            for spec in specs
        ),
        rules,
        posters,
    )


def known_labels(spec: SourceSpec) -> set[str]:
    """Return the genre labels of a source that have a canonical genre, in lower case."""
    return {str(label) for label in meanings(facts_of([spec], {}).sources)["label"].to_pylist()}


def show_all(beside: DuckEngine, given: Sliced, model: FuseModel, facts: FuseFacts) -> AllShown:
    """Fuse movies slice by slice; the tables of `given` are `people_ids` and `companies_ids`, the parties behind credits.

    With several slices, their rows are written to files next to the members.
    """

    def work(engine: DuckEngine) -> AllShown:
        return together([show_stored(engine, model, facts)])

    return joined(work_in_slices(beside, given, work, lambda shown: _put_away(shown, given.members.parent)))


def _put_away(shown: AllShown, folder: Path) -> AllShown:
    """Write the rows of one slice to files in a new folder."""
    room = Path(tempfile.mkdtemp(dir=folder))

    def stored(name: str, rows: Rows) -> Rows:
        return StoredRows([store_rows(as_table(rows), room / f"{name}.arrow")])

    tables = {name: stored(name, rows) for name, rows in shown.tables.items()}
    return AllShown(tables, stored("documents", shown.documents), shown.lists)


def show_stored(engine: DuckEngine, model: FuseModel, facts: FuseFacts) -> Shown:
    """Do what `show` does; documents and claims are compressed as in the catalogue, to a fifth of their size."""
    shown = show(engine, model, facts)
    return msgspec.structs.replace(shown, documents=stored_documents(shown.documents))


def together(parts: Sequence[Shown]) -> AllShown:
    """Concatenate the results of several slices, in order of movie."""
    return joined([AllShown({**part.tables}, part.documents, part.lists) for part in parts])


def joined(parts: Sequence[AllShown]) -> AllShown:
    """Concatenate the results of several parts, in order of movie."""
    first = parts[0]
    return AllShown(
        {name: rows_of_all([part.tables[name] for part in parts]) for name in first.tables},
        rows_of_all([part.documents for part in parts]),
        {name: _distinct([part.lists[name] for part in parts]) for name in first.lists},
    )


def _distinct(parts: list[pa.Table]) -> pa.Table:
    """Return the distinct rows of a list that several slices use, in order of its first column."""
    rows = pa.concat_tables(parts)
    return rows.group_by(rows.column_names).aggregate([]).sort_by(rows.column_names[0])


def show(engine: DuckEngine, model: FuseModel, facts: FuseFacts) -> Shown:
    """Fuse the engine's `members` (movie, then RECORD columns), whose credits have the parties of `people_ids` and
    `companies_ids`.
    """
    fused = _with_parties(engine, fuse_movies(engine, model, facts))
    for name in fused.__struct_fields__:
        engine.register(f"fused_{name}", getattr(fused, name))
    tables = {name: engine.query(sql) for name, sql in _TABLES.items()}
    for name in ("movies", "titles"):
        tables[name] = tables[name].append_column("folded", fold_title(tables[name]["title"]))
    posters = facts.posters if facts.posters is not None else NO_POSTERS
    engine.register("fused_documents", documents(engine, fused, facts.rules, posters))
    texts = engine.query("""
        SELECT movie, document, claims, sha256(document) AS hash, sha256(claims) AS claims_hash
        FROM fused_documents JOIN fused_claims USING (movie) ORDER BY movie""")
    return Shown(tables, texts, _lists(engine))


def _with_parties(engine: DuckEngine, fused: Fused) -> Fused:
    parts: Mapping[str, dict[str, str]] = {
        "credits": {
            "column": "person",
            "ids": "people_ids",
            "role": "role,",
            "same_role": "AND p.role = f.role",
        },
        "companies": {"column": "company", "ids": "companies_ids", "role": "", "same_role": ""},
    }
    given = {}
    for table, part in parts.items():
        engine.register(f"fused_{table}", getattr(fused, table))
        given[table] = engine.query(_WITH_PARTY.format(table=table, **part))
    return msgspec.structs.replace(fused, **given)


def _lists(engine: DuckEngine) -> dict[str, pa.Table]:
    """Return all canonical genres, and the languages and countries that these movies have."""
    canon = [
        {
            "id": genre.id,
            "name": genre.name,
            "facet": genre.facet,
            "aliases": msgspec.json.encode(genre.aliases).decode(),
            "ids": msgspec.json.encode(genre.ids).decode(),
        }
        for genre in genres()
    ]
    languages = engine.query("""
        SELECT DISTINCT code FROM (SELECT language AS code FROM fused_movie_languages
        UNION ALL SELECT original_language FROM fused_movies) WHERE code IS NOT NULL ORDER BY code""")
    countries = engine.query("SELECT DISTINCT country AS code FROM fused_movie_countries ORDER BY code")
    return {
        "genres": pa.Table.from_pylist(canon),
        "languages": _named(languages, language_names),
        "countries": _named(countries, country_names),
    }


def _named(codes: pa.Table, naming: Callable[[list[str]], list[str | None]]) -> pa.Table:
    names = naming([str(code) for code in codes["code"].to_pylist()])
    return codes.append_column("name", pa.array(names, pa.string()))


#: Records in a slice: starting one (half a second) is then a twentieth of the work, and two slices take some 1.5 GB. 70,000 films in
#: slices of 30,000 and 40,000 took no less time, and 0.4 and 1 GB more.
SLICE = 20_000

Result = TypeVar("Result")
Work = Callable[[DuckEngine], Result]


class Sliced(msgspec.Struct, frozen=True):
    """The input of slices, cut by movie: a Parquet file of `members` in order of movie, and tables by name, each with a column
    `movie`, in memory or in such a file; the limits of all slices together; and how many records make a slice.
    """

    members: Path
    tables: Mapping[str, pa.Table | Path]
    limits: Limits = Limits()
    records: int = SLICE


def work_in_slices(
    beside: DuckEngine,
    given: Sliced,
    work: Work[Result],
    put_away: Callable[[Result], Result] = lambda made: made,
) -> list[Result]:
    """Return the result of the work on each slice, in order of movie; each has an engine with the slice's members and tables.

    A lone slice shares the open engine's database. Several have databases, cores and memory of their own, and
    their results go through `put_away`.
    """
    with DuckEngine(beside=beside) as engine:
        engine.parquet("members", [given.members])
        cuts = engine.query(_CUTS.format(slice=given.records)).to_pylist() or [{"first": 0, "last": 0}]
    cores = given.limits.threads or os.cpu_count() or 1
    at_once = max(1, min(cores, len(cuts)))
    each = given.limits.shared(at_once, cores)

    def one(cut: Mapping[str, int]) -> Result:
        where = f"WHERE movie BETWEEN {cut['first']} AND {cut['last']}"
        with DuckEngine(each, beside if len(cuts) == 1 else None) as engine:
            engine.parquet("all_members", [given.members])
            engine.materialize("members", f"SELECT * FROM all_members {where}")
            for name, table in given.tables.items():
                engine.register(f"all_{name}", table)
                engine.view(name, f"SELECT * FROM all_{name} {where}")
            made = work(engine)
            return made if len(cuts) == 1 else put_away(made)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, cuts))


_CUTS = """
SELECT min(movie) AS first, max(movie) AS last
FROM (SELECT movie, (sum(records) OVER (ORDER BY movie) - records) // {slice} AS slice
      FROM (SELECT movie, count(*) AS records FROM members GROUP BY movie))
GROUP BY slice ORDER BY slice"""


_OWN_MEMBERS = "SELECT movie, live.* FROM live JOIN movie_of USING (source, key) ORDER BY movie, source, key"

#: Only credits of published films have parties.
_NO_PARTIES = """
SELECT NULL::BIGINT AS movie, NULL::VARCHAR AS source, NULL::VARCHAR AS key, NULL::VARCHAR AS name, NULL::VARCHAR AS role,
       NULL::BIGINT AS id WHERE false
"""

_OWN = """
SELECT source, key, title, year, list_transform(ratings, lambda r: {'rater': r.rater, 'value': r.value, 'highest': r.highest}) AS ratings
FROM live WHERE source IN (SELECT source FROM private_sources) ORDER BY source, key
"""


class PrivateFilm(msgspec.Struct, frozen=True):
    """An owner's private records of a film (`own`), and its document and claims with these if it is not published."""

    own: Sequence[dict[str, Any]]
    document: str = ""
    claims: str = ""


def private_film(context: RunContext, movie: int, published: bool) -> PrivateFilm | None:
    """Return a film's private records; None if no private source lists it. It is fused only if it is not
    `published`.
    """
    specs = facts_in_force(context)
    private = sorted(unpublished(context, specs))
    if not private:
        return None
    with context.catalogue.connect() as connection:
        records = records_of(connection, pa.array([movie], pa.int64()))
        aside = records_aside(connection)
    if not any(name in private for name in records["source"].to_pylist()):
        return None
    with DuckEngine(context.limits) as engine:
        engine.register("movie_of", records.select(["source", "key", "movie"]))
        engine.register("private_sources", pa.table({"source": pa.array(private, pa.string())}))
        view_current_records(engine, context.record_files(all_batches(context.catalogue)), aside, "movie_of")
        own = engine.query(_OWN).to_pylist()
        if published:
            return PrivateFilm(own)
        models = pinned_models(context)
        engine.materialize("members", _OWN_MEMBERS)
        engine.materialize("people_ids", _NO_PARTIES)
        engine.materialize("companies_ids", _NO_PARTIES)
        shown = show(engine, models.fuse, facts_of(specs, models.rules)).documents.to_pylist()
    return PrivateFilm(own, shown[0]["document"], shown[0]["claims"]) if shown else None

"""The whole pipeline on the bundled sample: one film per film, and increments that equal a rebuild on both databases."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.schema import metadata
from moviec.config import Home, Settings
from moviec.export.export import Order as ExportOrder
from moviec.export.export import export
from moviec.home.context import RunContext
from moviec.matching import nearby
from moviec.pipeline.arrivals import gather
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Outcome, Scope, bring_up
from moviec.pipeline.rebuild import rebuild_source
from moviec.sample import write_sample
from moviec.sources.registry import find_source
from tests.commands import moviec
from tests.examples import BOTH_AT_NIGHT
from tests.homes import copied_home

FIRST = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)

#: What the log and the clock write: in the order of events, so not the same after another history.
HISTORY = ("changes", "document_versions", "deliveries", "delivery_payloads", "batches", "rejected_rows", "catalogue_state",
           "alembic_version", "runs", "record_changes", "checkpoints", "leases", "failures")  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sample, and beside kaggle an older and a later delivery of it: other figures, films more and fewer."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    whole = folder / "kaggle" / "movies_metadata.csv"
    _rewritten(whole, folder / "older", lambda rows: [{**row, "revenue": "5000000"} for row in rows[:60]])
    _rewritten(whole, folder / "later", lambda rows: [_doubled(row) for row in rows[3:]])
    films = folder / "movielens" / "movies.csv"
    _rewritten(films, folder / "fewer", lambda rows: [row for at, row in enumerate(rows) if at % 9])
    _rewritten(films, folder / "cut short", lambda rows: rows[:20])
    return folder


def _rewritten(
    path: Path, folder: Path, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]
) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if row.get("id", "1").isdigit() and None not in row.values()]
    folder.mkdir()
    with (folder / path.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(reader.fieldnames or ()), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(change(rows))


def _doubled(row: dict[str, str]) -> dict[str, str]:
    """Give the row of every third film with twice its revenue."""
    revenue = int(row["revenue"]) if row["revenue"].isdigit() else 0
    return {**row, "revenue": str(2 * revenue)} if int(row["id"]) % 3 == 0 and revenue else row


@pytest.fixture
def context(tmp_path: Path, database: str, sample: Path) -> Iterator[RunContext]:
    home = Home(tmp_path, Settings(catalogue=database))
    mapping = tmp_path / "sources" / "festival"
    mapping.mkdir(parents=True)
    shutil.copy(sample / "festival" / "source.toml", mapping / "source.toml")
    with open_run(home, alone=True) as opened:
        yield opened


def deliver(context: RunContext, name: str, folder: Path, at: dt.datetime, accept_shrink: bool = True) -> str:
    source = find_source(name, context.home.folder)
    files = gather(context.home, source.spec, [str(folder)], context.work)
    return ingest(context, Order(source, files, at, accept_shrink=accept_shrink)).state


def exported(context: RunContext, folder: Path, as_of: str | None = None) -> dict[str, bytes]:
    """Give the files of an export of all there is."""
    with context.catalogue.connect() as connection:
        export(connection, ExportOrder(folder, "parquet", as_of, own_use=True), [], lambda _: None)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shown(context: RunContext) -> dict[str, set[tuple[Any, ...]]]:
    """Give what the catalogue holds, table by table, without its history."""
    documents = metadata.tables["documents"].c
    found: dict[str, set[tuple[Any, ...]]] = {}
    with context.catalogue.connect() as connection:
        for name, table in metadata.tables.items():
            columns = (
                [documents.movie, documents.document, documents.claims]
                if name == "documents"
                else list(table.c)
            )
            if name not in HISTORY:
                found[name] = {tuple(row) for row in connection.execute(sa.select(*columns))}
    return found


def differing(one: dict[str, set[tuple[Any, ...]]], other: dict[str, set[tuple[Any, ...]]]) -> dict[str, Any]:
    return {name: sorted(map(str, one[name] ^ other[name]))[:4] for name in one if one[name] != other[name]}


def scalar(context: RunContext, sql: str) -> Any:
    with context.catalogue.connect() as connection:
        return connection.scalar(sa.text(sql))


SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia", "festival")

#: What is delivered after every source, from which folder of the sample, in which week: a backfill, new figures, a list
#: cut short, which is held, and one with fewer films that is let through, so that films leave a source that lists all.
LATER = [
    ("kaggle", "older", 0),
    ("movielens", "cut short", 2),
    ("kaggle", "later", 2),
    ("movielens", "fewer", 3),
]


@pytest.fixture(scope="module")
def one_by_one(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home whose catalogue in SQLite got every source by itself, in the order in which they are listed."""
    home = festival_home(tmp_path_factory.mktemp("one by one") / "home", sample)
    with open_run(home, alone=True) as context:
        outcomes = _deliver_each(context, sample, SOURCES)
    assert not any(outcome.everything for outcome in outcomes[1:])
    return home


def _deliver_each(context: RunContext, sample: Path, names: Iterable[str]) -> list[Outcome]:
    """Deliver each source and publish it before the next one comes; return what each publication did."""
    outcomes: list[Outcome] = []
    for name in names:
        assert deliver(context, name, sample / name, FIRST + WEEK) == "applied"
        outcomes.append(bring_up(context, Scope()))
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("database", BOTH_AT_NIGHT, indirect=True)
def test_increments_come_to_what_a_rebuild_comes_to(
    request: pytest.FixtureRequest, database: str, sample: Path, tmp_path: Path
) -> None:
    """In either order of the sources: as listed in SQLite, backwards in PostgreSQL. The order is nothing to a database."""
    if database.startswith("sqlite"):
        home = copied_home(request.getfixturevalue("one_by_one"), tmp_path / "home", "")
        with open_run(home, alone=True) as context:
            _increments_are_a_rebuild(context, sample, tmp_path)
        return
    home = Home(festival_home(tmp_path / "home", sample).folder, Settings(catalogue=database))
    with open_run(home, alone=True) as context:
        outcomes = _deliver_each(context, sample, reversed(SOURCES))
        assert not any(outcome.everything for outcome in outcomes[1:])
        _increments_are_a_rebuild(context, sample, tmp_path)


def _increments_are_a_rebuild(context: RunContext, sample: Path, tmp_path: Path) -> None:
    for name, folder, week in LATER:
        whole = folder != "cut short"
        state = deliver(context, name, sample / folder, FIRST + week * WEEK, accept_shrink=whole)
        assert state == ("applied" if whole else "held")
        outcome = bring_up(context, Scope())
        assert not outcome.everything and (whole or not outcome.touched)
    increments, files = shown(context), exported(context, tmp_path / "increments")
    assert differing(shown_after(context, Scope(everything=True)), increments) == {}
    for name in SOURCES:
        rebuild_source(context, find_source(name, context.home.folder))
    assert differing(shown_after(context, Scope(everything=True)), increments) == {}
    assert exported(context, tmp_path / "rebuilt") == files
    # Known truth: no film of the sample's 270 is shown twice.
    assert 200 <= len(increments["movies"]) <= 270
    twice = "SELECT count(*) FROM (SELECT movie, source FROM records WHERE live GROUP BY movie, source HAVING count(*) > 1) AS d"
    assert scalar(context, twice) == 0


def test_many_deliveries_published_at_once_come_to_what_they_do_one_by_one(
    one_by_one: Home, sample: Path, tmp_path: Path
) -> None:
    """The same films, people and companies under the same ids; one change per film, and nothing was superseded.

    Ids are those of increments as long as these give none to a film that a later delivery shows to be another one.
    """
    at_once = festival_home(tmp_path / "at once", sample)
    pairs = [f"{name}={sample / name}" for name in SOURCES]
    given = ("--accept-shrink", "--delivered-at", f"{(FIRST + WEEK).date()}", "--home", at_once.folder)
    taken = moviec("ingest", *pairs, *given, "--json")
    assert taken.returncode == 0, taken.stderr
    assert len(json.loads(taken.stdout)["deliveries"]) == len(SOURCES)
    found = []
    for number, home in enumerate((one_by_one, at_once)):
        with open_run(home, alone=True) as context:
            found.append((shown(context), exported(context, tmp_path / f"export {number}")))
    with open_run(at_once, alone=True) as context:
        assert scalar(context, "SELECT count(*) FROM document_versions") == 0
        films = scalar(context, "SELECT count(*) FROM movies")
        assert scalar(context, "SELECT count(*) FROM changes WHERE kind = 'created'") == films
        assert scalar(context, "SELECT max(number) FROM changes") == films
    assert differing(found[0][0], found[1][0]) == {}
    for _, files in found:
        del files["manifest.json"]  # names the last change and its instant
    assert found[0][1] == found[1][1]


def festival_home(folder: Path, sample: Path) -> Home:
    """Make a home that knows the sample's list of one's own."""
    mapping = folder / "sources" / "festival"
    mapping.mkdir(parents=True)
    shutil.copy(sample / "festival" / "source.toml", mapping / "source.toml")
    return Home(folder, Settings())


def test_one_source_that_fails_does_not_stop_the_others(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "kaggle").mkdir()
    (tmp_path / "kaggle" / "movies_metadata.csv").write_text("neither,of,these\n1,2,3\n")
    home = tmp_path / "home"
    done = moviec(
        "ingest",
        f"kaggle={tmp_path / 'kaggle'}",
        f"imdb={sample / 'imdb'}",
        "--accept-shrink",
        "--home",
        home,
    )
    assert done.returncode == 1 and "moviec: kaggle: " in done.stderr
    assert "created" in done.stdout
    wrong = moviec("ingest", f"imdb={sample / 'imdb'}", "kaggle", "--home", home)
    assert wrong.returncode == 2 and "NAME=PLACE" in wrong.stderr
    empty = moviec("ingest", "kaggle=", "--home", home)
    assert (
        empty.returncode == 2
        and "kaggle=: no place is given; write it like kaggle=/srv/kaggle" in empty.stderr
    )


def shown_after(context: RunContext, scope: Scope) -> dict[str, set[tuple[Any, ...]]]:
    bring_up(context, scope)
    return shown(context)


def test_a_change_near_most_records_is_matched_against_all(
    context: RunContext, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby, "KEPT_NEARBY", 0)
    for name, folder, week in (("kaggle", "kaggle", 0), ("imdb", "imdb", 1), ("kaggle", "later", 2)):
        deliver(context, name, sample / folder, FIRST + week * WEEK)
        assert bring_up(context, Scope()).changes
    after = shown(context)
    assert differing(shown_after(context, Scope(everything=True)), after) == {}


def test_one_row_that_changed_touches_a_handful(context: RunContext, sample: Path, tmp_path: Path) -> None:
    deliver(context, "kaggle", sample / "kaggle", FIRST)
    bring_up(context, Scope())
    assert parts_add_up(context)
    deliver(context, "imdb", sample / "imdb", FIRST)
    bring_up(context, Scope())
    before = exported(context, tmp_path / "before")
    then = scalar(context, "SELECT max(at) FROM changes")
    whole = sample / "kaggle" / "movies_metadata.csv"
    text = whole.read_text("utf-8")
    (tmp_path / "next").mkdir()
    assert text.count("396300000") == 1
    (tmp_path / "next" / whole.name).write_text(text.replace("396300000", "396300001"), "utf-8")
    deliver(context, "kaggle", tmp_path / "next", FIRST + WEEK)
    outcome = bring_up(context, Scope())
    touched = {name: one.written + one.removed for name, one in outcome.touched.items()}
    assert outcome.changes == {"updated": 1}
    assert {name for name, rows in touched.items() if rows} == {"movies", "changes", "rollups"}
    assert touched["movies"] == touched["changes"] == 1 and touched["rollups"] < 40
    fields = scalar(context, "SELECT fields FROM changes ORDER BY number DESC LIMIT 1")
    assert fields == '{"revenue":[396300000,396300001]}'
    assert exported(context, tmp_path / "as of then", then) == before != exported(context, tmp_path / "after")


def parts_add_up(context: RunContext) -> bool:
    """Return whether the parts of a year come to its films, by the year and by its months."""
    films = "SELECT sum(revenue) FROM movies WHERE year = 1994 AND movie IN (SELECT movie FROM movie_genres)"
    parts = "SELECT sum(revenue) FROM rollups WHERE kind = 'genres' AND split = 'even' AND year = 1994 AND month = 0"
    months = parts.replace("month = 0", "month > 0")
    return bool(scalar(context, films) == scalar(context, parts) == scalar(context, months))


#: Tables that stay small however many films there are: a statement may read one whole.
SMALL = {"batches", "deliveries", "delivery_payloads", "genres", "languages", "countries", "decisions", "models", "runs", "leases",
         "catalogue_state", "checkpoints", "record_changes", "failures", "rejected_rows"}  # fmt: skip

#: SQLite's plan for new languages has a look at the films for keys that were missing until then; it is taken only if some were.
ONLY_IF_KEYS_WERE_MISSING = "INSERT INTO languages "


def test_a_change_of_one_film_reads_no_table_of_films_whole(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with open_run(Home(tmp_path / "home", Settings()), alone=True) as context:
        deliver(context, "kaggle", sample / "kaggle", FIRST)
        deliver(context, "imdb", sample / "imdb", FIRST)
        bring_up(context, Scope())
        (tmp_path / "next").mkdir()
        whole = sample / "kaggle" / "movies_metadata.csv"
        (tmp_path / "next" / whole.name).write_text(
            whole.read_text("utf-8").replace("396300000", "396300001")
        )
        read_whole: set[tuple[str, str]] = set()

        def explain(connection: Any, cursor: Any, statement: str, given: Any, *more: Any) -> None:
            """Note which tables SQLite reads from end to end for a statement, or all rows of a kind, before it runs."""
            if (
                statement.split(None, 1)[0] not in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
                or more[-1]
            ):
                return
            renamed = {alias: table for table, alias in re.findall(r"(\w+) AS (\w+)", statement)}
            if " LIMIT ? OFFSET ?" in statement or statement.startswith(ONLY_IF_KEYS_WERE_MISSING):
                return  # of a limit: whether there is a row at all, or which is the last
            for *_, step in connection.connection.execute(
                f"EXPLAIN QUERY PLAN {statement}", given
            ).fetchall():
                is_whole = step.startswith("SCAN ") or step.endswith("(kind=?)")
                table = renamed.get(step.split()[1], step.split()[1]) if is_whole else ""
                if table in metadata.tables and table not in SMALL:
                    read_whole.add((table, statement))

        sa.event.listen(context.catalogue, "before_cursor_execute", explain)
        deliver(context, "kaggle", tmp_path / "next", FIRST + WEEK)
        outcome = bring_up(context, Scope())
        sa.event.remove(context.catalogue, "before_cursor_execute", explain)
    assert outcome.changes == {"updated": 1}
    assert read_whole == set()

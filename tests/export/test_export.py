"""Exports: what may be passed on and nothing else, the same in every format, byte for byte the same again."""

from __future__ import annotations

import csv
import hashlib
import json
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.schema.identity import records
from moviec.catalog.schema.movies import rollups
from moviec.catalog.schema.serving import documents
from moviec.cli.export import _licences
from moviec.config import Home
from moviec.errors import DamagedError, UsageError
from moviec.export.export import Exported, Order, escaped, export, take_up
from moviec.export.tables import Wanted, pass_on
from moviec.text import fold_name
from tests.commands import moviec

#: The sources of the sample whose licences let one pass on what they deliver.
OPEN = {"kaggle", "wikipedia"}


@pytest.fixture
def connection(demo_home: Home) -> Iterator[sa.Connection]:
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as opened:
        yield opened
    catalogue.dispose()


@pytest.fixture
def made(connection: sa.Connection, demo_home: Home, tmp_path: Path) -> Any:
    def make(name: str, **options: Any) -> tuple[Path, Exported]:
        order = Order(tmp_path / name, **options)
        return order.folder, export(connection, order, _licences(demo_home), lambda _: None)

    return make


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def stored(connection: sa.Connection) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Give each film's document and the claims on its fields."""
    rows = connection.execute(sa.select(documents.c.movie, documents.c.document, documents.c.claims))
    return {f"mc{movie}": (json.loads(text), json.loads(claims)["fields"]) for movie, text, claims in rows}


def test_for_own_use_documents_leave_as_they_are_stored(made: Any, connection: sa.Connection) -> None:
    folder, done = made("own", format="jsonl", own_use=True)
    texts = connection.scalars(sa.select(documents.c.document).order_by(documents.c.movie))
    assert (folder / "movies.jsonl").read_text("utf-8").splitlines() == list(texts)
    assert done.left_out == 0 and done.films > 200
    assert "may not be passed on" in (folder / "LICENCES.md").read_text("utf-8")


def test_only_what_a_licence_lets_pass_is_passed_on(made: Any, connection: sa.Connection) -> None:
    known = stored(connection)
    folder, done = made("open", format="jsonl")
    films = lines(folder / "movies.jsonl")
    assert {film["id"] for film in films} == {
        film for film, (text, _) in known.items() if OPEN & set(text["sources"])
    }
    assert done.films == len(films) and done.left_out == len(known) - len(films) > 0
    for film in films:
        fields = known[film["id"]][1]
        said = {
            name: [one for one in field["claims"] if one["source"] in OPEN] for name, field in fields.items()
        }
        assert set(film["sources"]) <= OPEN and {one["source"] for one in film.get("ratings", ())} <= OPEN
        raters = {one["rater"] for one in film.get("ratings", ())}
        assert {one["rater"] for one in film.get("rating", {}).get("contributions", ())} <= raters
        assert "rating" not in film or (raters and not {"critics", "audience", "base"} & set(film["rating"]))
        for name, field in fields.items():
            if name in ("titles", "people", "companies", "genres"):
                continue
            values = [one["value"] for one in said[name]]
            if field["rule"] == "union":
                assert set(film.get(name, ())) <= set(values)
            elif values and "value" in field:
                assert film[name] in values
                # Where the winner may be passed on, it is.
                assert film[name] == field["value"] or not any(
                    one["chosen"] and one["value"] == field["value"] for one in said[name]
                )
            else:
                assert name not in film and name not in film.get("confidence", {})
        names = {name.casefold() for one in said.get("people", ()) for name in one["names"]}
        assert {one["name"].casefold() for one in film.get("people", ())} <= names
    assert {claim["source"] for claim in lines(folder / "claims.jsonl")} <= OPEN


def test_nobody_leaves_in_a_role_or_as_a_character_that_only_others_give(
    made: Any, connection: sa.Connection, demo_home: Home
) -> None:
    folder, _ = made("roles", format="jsonl")
    movies = {
        (source, key): f"mc{movie}"
        for source, key, movie in connection.execute(
            sa.select(records.c.source, records.c.key, records.c.movie)
        )
    }
    roles, characters = set(), set()
    for source in OPEN:
        for file in (demo_home.folder / "lake" / "records" / source).rglob("*.parquet"):
            if file.name.endswith(".keys.parquet"):
                continue
            for row in pq.read_table(file, columns=["key", "people"]).to_pylist():
                for person in row["people"] or ():
                    said = (
                        movies.get((source, row["key"])),
                        fold_name(pa.array([person["name"]]))[0].as_py(),
                    )
                    roles.add((*said, person["role"]))
                    characters |= {said} if person["character"] else set()
    credits = [(film["id"], one) for film in lines(folder / "movies.jsonl") for one in film.get("people", ())]
    names = fold_name(pa.array([one["name"] for _, one in credits])).to_pylist()
    passed = [(film, name, one) for (film, one), name in zip(credits, names, strict=True)]
    assert [each for each in passed if (each[0], each[1], each[2]["role"]) not in roles] == []
    assert [each for each in passed if "character" in each[2] and each[:2] not in characters] == []
    assert sum("character" in one for _, _, one in passed) > 100  # what they do give leaves
    both = [
        one["role"]
        for film, name, one in passed
        if (film, name) == ("mc2", fold_name(pa.array(["Charlie Chaplin"]))[0].as_py())
    ]
    assert {"director", "actor"} <= set(both)


def test_language_and_region_of_a_title_leave_only_where_no_closed_source_may_have_given_them() -> None:
    other_titles = [
        {"title": "Hitze", "language": "de", "region": "DE"},
        {"title": "Fuego", "language": "es"},
    ]
    document = {"id": "mc1", "title": "Heat", "other_titles": other_titles, "sources": ["imdb", "kaggle"]}
    said = [{"source": "imdb", "names": ["Hitze"]}, {"source": "kaggle", "names": ["Hitze", "Fuego"]}]
    claims = {
        "fields": {
            "title": {
                "rule": "latest",
                "value": "Heat",
                "claims": [{"source": "kaggle", "value": "Heat", "chosen": True}],
            },
            "titles": {"rule": "all", "claims": said},
        }
    }
    held = pa.table({"movie": [1], "document": [json.dumps(document)], "claims": [json.dumps(claims)]})
    passed = pass_on(held, ["kaggle"], Wanted([])).documents["document"].to_pylist()
    assert json.loads(str(passed[0]))["other_titles"] == [
        {"title": "Hitze"},
        {"title": "Fuego", "language": "es"},
    ]


def test_every_format_holds_the_same(made: Any) -> None:
    tables, documents_ = made("tables"), made("lines", format="jsonl")
    sheets, _ = made("sheets", format="csv")
    films = pq.read_table(tables[0] / "movies.parquet").to_pylist()
    as_lines = lines(documents_[0] / "movies.jsonl")
    assert [film["id"] for film in films] == [film["id"] for film in as_lines]
    assert [film["revenue"] for film in films] == [film.get("revenue") for film in as_lines]
    assert [str(film["released"] or "") for film in films] == [film.get("released", "") for film in as_lines]
    for name in sorted(path.stem for path in tables[0].glob("*.parquet")):
        with (sheets / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        table = pq.read_table(tables[0] / f"{name}.parquet")
        assert rows[0] == table.column_names and len(rows) - 1 == table.num_rows
    people = pq.read_table(tables[0] / "people.parquet").to_pylist()
    assert [(one["id"], one["name"], one["role"]) for one in people] == [
        (film["id"], one["name"], one["role"]) for film in as_lines for one in film.get("people", ())
    ]


def test_the_manifest_names_every_file_with_its_sum_and_an_export_comes_out_the_same_again(made: Any) -> None:
    folder, done = made("first")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert set(manifest["files"]) | {"manifest.json", "LICENCES.md"} == {
        path.name for path in folder.iterdir()
    }
    for name, file in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == file["sha256"]
        assert pq.read_metadata(folder / name).num_rows == file["rows"]
    assert {one["name"] for one in manifest["sources"]} == OPEN | {
        "imdb",
        "movielens",
        "rottentomatoes",
        "festival",
    }
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    made("first")
    made("second", as_of=done.at)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    second = folder.with_name("second")
    assert {path.name: path.read_bytes() for path in second.iterdir()} == before


def test_before_the_first_publication_there_is_nothing_to_export(made: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no film was published"):
        made("before", as_of="2000-01-01T00:00:00.000000+00:00")
    assert not list(tmp_path.iterdir())


def test_what_is_damaged_is_not_exported(made: Any, connection: sa.Connection, tmp_path: Path) -> None:
    (movie,) = connection.execute(sa.select(sa.func.max(documents.c.movie))).one()
    changed = sa.update(documents).where(documents.c.movie == movie)
    for column in (documents.c.document, documents.c.claims):
        connection.execute(changed.values({column: "{}"}))
        with pytest.raises(DamagedError, match=f"damaged \\(mc{movie}\\); see `moviec doctor --repair`"):
            made("damaged", format="jsonl")
        connection.rollback()
    assert not (tmp_path / "damaged").exists()


def test_a_folder_with_something_else_is_left_alone(made: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds something else"):
        made("mine")
    (tmp_path / "mine" / "manifest.json").write_text('{"name": "my own"}')
    with pytest.raises(UsageError, match="holds something else"):
        made("mine")
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"thesis.txt", "manifest.json"}
    earlier, _ = made("earlier")
    (earlier / "notes.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        made("earlier")


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    table = pa.table({"title": [cell, "Se7en", None], "revenue": [-5, 1, 2]})
    assert escaped(table).to_pydict() == {"title": [f"'{cell}", "Se7en", None], "revenue": [-5, 1, 2]}


def test_the_command_says_what_was_left_out_and_why(demo_home: Home, tmp_path: Path) -> None:
    told = moviec("export", tmp_path / "out", "--home", demo_home.folder)
    assert told.returncode == 0 and "left out:" in told.stdout and "--own-use" in told.stdout
    as_json = json.loads(moviec("export", tmp_path / "out", "--home", demo_home.folder, "--json").stdout)
    assert as_json["films"] == pq.read_metadata(tmp_path / "out" / "movies.parquet").num_rows
    wrong = moviec("export", tmp_path / "out", "--as-of", "yesterday", "--home", demo_home.folder)
    assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1


def test_an_export_that_a_killed_run_moved_aside_is_taken_up(made: Any, tmp_path: Path) -> None:
    folder, _ = made("again")
    left = tmp_path / ".again-part-killed"
    left.mkdir()
    folder.rename(left / "old")
    take_up(folder, ".again-part-")
    assert (folder / "manifest.json").exists() and not left.exists()
    left.mkdir()
    (left / "half").write_text("written")
    made("again")
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_an_export_of_nothing_is_refused_and_the_earlier_one_stays(
    made: Any, connection: sa.Connection, demo_home: Home, tmp_path: Path
) -> None:
    folder, _ = made("kept")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    closed = [one for one in _licences(demo_home) if not one.redistribute]
    with pytest.raises(
        UsageError, match=r"nothing may be passed on: 270 films, all of festival, imdb.*--own-use"
    ):
        export(connection, Order(folder), closed, lambda _: None)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_rollups_of_all_there_is_are_the_catalogues(made: Any, connection: sa.Connection) -> None:
    folder, _ = made("own", own_use=True)
    rows = pq.read_table(folder / "rollups.parquet")
    names = [name for name in rows.column_names if name != "name"]
    stored_rows = connection.execute(sa.select(*(rollups.c[name] for name in names))).mappings()
    key = operator.itemgetter("kind", "split", "year", "month", "entry")
    assert sorted(rows.select(names).to_pylist(), key=key) == sorted(map(dict, stored_rows), key=key)
    assert {"Drama", "Comedy"} <= set(rows["name"].to_pylist())


def test_a_sum_tells_nothing_that_may_not_be_passed_on(made: Any) -> None:
    folder, _ = made("open")
    films = pq.read_table(folder / "movies.parquet").to_pylist()
    sums = pq.read_table(folder / "rollups.parquet").to_pylist()
    known = {int(film["id"][2:]): film for film in films}
    for row in sums:
        members = [known[movie] for movie in json.loads(row["movie_ids"])]
        if row["split"] == "full":
            revenue = [
                film["revenue"] for film in members if film["revenue"] and film["revenue_scope"] != "domestic"
            ]
            assert row["revenue"] == (sum(revenue) if revenue else None)

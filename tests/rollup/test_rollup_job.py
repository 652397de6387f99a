"""The one-shot job against plain Python, and what a user relies on: exact parts, the same bytes, whole files."""

from __future__ import annotations

import ast
import csv
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviec.catalog.connect import connect
from moviec.catalog.rollup_films import films_of
from moviec.catalog.schema.identity import records
from moviec.config import open_home
from moviec.engine import DuckEngine, Limits
from moviec.errors import PayloadError, StoreError, UsageError
from moviec.pipeline.monthly_job import Job, Run, run_rollup
from moviec.rollup.month_files import Layout, exclusive
from moviec.rollup.monthly import Counting
from moviec.rollup.ranked import totals
from tests.commands import forks, moviec
from tests.conftest import csv_text, movie, real
from tests.examples import some


def roll(path: Path, out: Path, **changes: Any) -> Run:
    return run_rollup(msgspec.structs.replace(Job((path,), out), **changes))


def films_csv(folder: Path, *rows: list[str]) -> Path:
    path = folder / "movies_metadata.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    return path


def months(out: Path) -> dict[str, Any]:
    """Every month file below a rollup's folder, by its path."""
    return {
        str(path.relative_to(out)): json.loads(path.read_text()) for path in sorted(out.glob("*/*/*.json"))
    }


def contents(out: Path) -> dict[str, bytes]:
    """Every byte below a rollup's folder but the run's own record and the lock."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in files
        if path.name not in ("last-run.json", ".lock")
    }


def recomputed(path: Path) -> dict[str, dict[tuple[int, str, str], list[dict[str, Any]]]]:
    """The films behind each figure, in plain Python: kind → (id, year, month) → films."""
    with path.open(encoding="utf-8", newline="") as text:
        rows = {row["id"]: row for row in csv.DictReader(text)}
    found: dict[str, dict[tuple[int, str, str], list[dict[str, Any]]]] = {
        "genres": defaultdict(list),
        "production_companies": defaultdict(list),
    }
    for row in rows.values():
        if int(row["revenue"]) < 1000 or not row["release_date"]:  # every film of the file is out by now
            continue
        year, month, _ = row["release_date"].split("-")
        for kind, entries in found.items():
            for entry in {item["id"] for item in ast.literal_eval(row[kind])}:
                entries[entry, year, month].append(row)
    return found


def test_the_real_file_agrees_with_plain_python(tmp_path: Path) -> None:
    path = real("kaggle/movies_metadata.csv")
    run = roll(path, tmp_path / "out")
    assert (run.rows["movies"].read, run.rows["movies"].merged, run.films["counted"]) == (2996, 1, 1412)
    written = months(tmp_path / "out")
    for kind, expected in recomputed(path).items():
        figures = {
            (figure["id"], f"{month['year']:04}", f"{month['month']:02}"): figure
            for name, month in written.items()
            if name.startswith(kind)
            for figure in month[kind]
        }
        assert figures.keys() == expected.keys()
        for place, rows in expected.items():
            assert_figure(figures[place], rows)


def assert_figure(figure: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    budgets = [int(row["budget"]) for row in rows if int(row["budget"]) >= 1000]
    profits = [int(row["revenue"]) - int(row["budget"]) for row in rows if int(row["budget"]) >= 1000]
    popular = [round(float(row["popularity"]) * 1_000_000) for row in rows]
    assert figure["movies"] == len(rows)
    assert figure["movie_ids"] == sorted(int(row["id"]) for row in rows)
    assert figure["revenue"] == sum(int(row["revenue"]) for row in rows)
    assert figure["budget"] == (sum(budgets) if budgets else None)
    assert figure["profit"] == (sum(profits) if profits else None)
    assert figure["known"] == {"budget": len(budgets), "revenue": len(rows), "profit": len(profits)}
    assert figure["votes"] == sum(int(row["vote_count"]) for row in rows)
    assert figure["popularity"]["sum"] == sum(popular) / 1_000_000
    assert figure["popularity"]["max"] == max(popular) / 1_000_000
    assert figure["popularity"]["mean"] == pytest.approx(sum(popular) / len(popular) / 1_000_000, abs=1e-6)
    assert figure["popularity"]["median"] == int(median(popular)) / 1_000_000


GENRES = ["Drama", "Comedy", "Action", "War", "Nonsuch"]


@settings(max_examples=some(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1000, 3 * 10**9),
            st.integers(1000, 10**9),
            st.sets(st.sampled_from(GENRES), min_size=1),
        ),
        min_size=4,
        max_size=40,
    )
)
def test_even_parts_add_up_to_the_films_to_the_last_dollar(
    tmp_path: Path, films: list[tuple[int, int, set[str]]]
) -> None:
    rows = [
        movie(
            id=str(number),
            revenue=str(revenue),
            budget=str(budget),
            genres=str([{"id": 1, "name": genre} for genre in sorted(genres)]),
        )
        for number, (revenue, budget, genres) in enumerate(films)
    ]
    roll(films_csv(tmp_path, *rows), tmp_path / "out", layout=Layout(split="even"))
    figures = [figure for month in months(tmp_path / "out").values() for figure in month.get("genres", [])]
    assert sum(figure["revenue"] for figure in figures) == sum(revenue for revenue, _, _ in films)
    assert sum(figure["budget"] for figure in figures) == sum(budget for _, budget, _ in films)
    assert sum(figure["profit"] for figure in figures) == sum(
        revenue - budget for revenue, budget, _ in films
    )
    assert sum(round(figure["movies"] * 1_000_000) for figure in figures) == 1_000_000 * len(films)


def test_threads_and_the_order_of_rows_change_no_byte(tmp_path: Path) -> None:
    path = real("kaggle/movies_metadata.csv")
    with path.open(encoding="utf-8", newline="") as text:
        header, *rows = list(csv.reader(text))
    unique = list({row[header.index("id")]: row for row in rows}.values())  # of two alike, order decides
    outputs = []
    for threads, seed in ((1, None), (2, None), (8, None), (2, 1), (8, 2)):
        shuffled = unique[:]
        if seed is not None:
            random.Random(seed).shuffle(shuffled)
        folder = tmp_path / f"{threads}-{seed}"
        folder.mkdir()
        roll(films_csv(folder, *shuffled), folder / "out", limits=Limits(threads=threads))
        outputs.append(contents(folder / "out"))
    assert all(output == outputs[0] for output in outputs)


def test_only_what_counts_counts_unless_told(tmp_path: Path) -> None:
    path = films_csv(
        tmp_path,
        movie(id="1"),
        movie(id="2", status="Canceled"),
        movie(id="3", revenue="0"),
        movie(id="4", release_date=""),
        movie(id="5", status=""),
    )
    run = roll(path, tmp_path / "out")
    assert run.films == {
        "counted": 2,
        "without_date": 1,
        "not_released": 1,
        "without_revenue": 1,
        "before_since": 0,
    }
    assert roll(path, tmp_path / "out", counting=Counting(any_status=True)).films["counted"] == 3
    assert (
        roll(path, tmp_path / "out", counting=Counting(any_status=True, any_revenue=True)).films["counted"]
        == 4
    )
    month = months(tmp_path / "out")["genres/1999/1999-03.json"]
    assert month["genres"][0]["movie_ids"] == [1, 2, 3, 5]


@pytest.mark.parametrize("delivered", ["1999-03-30", "1999-03-31"])
def test_the_catalogue_and_the_rollup_count_the_same_films(tmp_path: Path, delivered: str) -> None:
    statuses = [
        "Released",
        "",
        "Rumored",
        "Post Production",
        "in-production",
        "Canceled",
        "In Theaters",
        "Lost",
    ]
    rows = [
        movie(id=str(number), imdb_id=f"tt{number:07}", title=f"Film {number}", status=status)
        for number, status in enumerate(statuses, 1)
    ]
    path, out, home = films_csv(tmp_path, *rows), tmp_path / "out", tmp_path / "home"
    assert moviec("ingest", "kaggle", path, "--delivered-at", delivered, "--home", home, "--accept-shrink").returncode == 0  # fmt: skip
    assert moviec("rollup", path, "--delivered-at", delivered, "--out", out).returncode == 0
    counted = {row["movie"] for row in pq.read_table(out / "films.parquet", columns=["movie"]).to_pylist()}
    catalogue = connect(open_home(home, {}).catalogue)
    with catalogue.connect() as connection:
        films = films_of(connection, None)["movie"].to_pylist()
        listed = connection.execute(sa.select(records.c.key).where(records.c.movie.in_(films)))
        assert counted == {int(key) for key in listed.scalars()}
    catalogue.dispose()
    assert counted == ({1, 2, 7, 8} if delivered < "1999-03-31" else {1, 2, 3, 4, 5, 7, 8})


def test_unknown_labels_count_under_their_own_name(tmp_path: Path) -> None:
    genres = "[{'id': 18, 'name': 'Drama'}, {'id': 999, 'name': 'Space Opera'}]"
    roll(films_csv(tmp_path, movie(genres=genres)), tmp_path / "out")
    names = {(g["id"], g["name"]) for g in months(tmp_path / "out")["genres/1999/1999-03.json"]["genres"]}
    assert names == {(18, "Drama"), (None, "Space Opera")}


def test_a_company_listed_twice_counts_once(tmp_path: Path) -> None:
    companies = "[{'name': 'Studio', 'id': 7}, {'name': 'Studio', 'id': 7}]"
    roll(films_csv(tmp_path, movie(production_companies=companies)), tmp_path / "out")
    figures = months(tmp_path / "out")["production_companies/1999/1999-03.json"]["production_companies"]
    assert [(figure["id"], figure["movies"], figure["revenue"]) for figure in figures] == [(7, 1, 2_000_000)]


def test_since_rewrites_only_the_months_from_that_date_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    dates = ("1999-01-31", "1999-02-01", "1999-03-31")
    roll(films_csv(tmp_path, *(movie(id=str(n), release_date=day) for n, day in enumerate(dates))), out)
    before = contents(out)
    newer = films_csv(
        tmp_path,
        movie(id="0", release_date=dates[0], revenue="5000"),
        movie(id="1", release_date=dates[1], revenue="6000"),
    )
    run = roll(newer, out, counting=Counting(since=dt.date(1999, 2, 1)))
    assert run.months == ["1999-02"]
    after = contents(out)
    assert after["genres/1999/1999-01.json"] == before["genres/1999/1999-01.json"]
    assert json.loads(after["genres/1999/1999-02.json"])["genres"][0]["revenue"] == 6000
    assert "genres/1999/1999-03.json" not in after, "a month that has no film any more is gone"
    films = pq.read_table(out / "films.parquet", columns=["movie", "revenue"]).to_pylist()
    assert films == [{"movie": 0, "revenue": 2_000_000}, {"movie": 1, "revenue": 6000}]


def test_parquet_holds_what_json_holds(tmp_path: Path) -> None:
    path = films_csv(tmp_path, movie(id="1"), movie(id="2", budget="0"))
    roll(path, tmp_path / "out", layout=Layout(format="parquet"))
    row = pq.read_table(tmp_path / "out/genres/1999/1999-03.parquet").to_pylist()[0]
    found = [row[name] for name in ("id", "name", "movies", "revenue", "budget", "movie_ids")]
    assert found == [18, "Drama", 2, 4_000_000, 1_000_000, [1, 2]]


def test_without_metadata_names_and_movie_ids_are_left_out(tmp_path: Path) -> None:
    path = films_csv(tmp_path, movie())
    roll(path, tmp_path / "out", layout=Layout(metadata=False))
    figure = months(tmp_path / "out")["genres/1999/1999-03.json"]["genres"][0]
    assert figure["id"] == 18
    assert not {"name", "movie_ids"} & figure.keys()


def test_a_failed_run_leaves_the_months_as_they_were_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    roll(films_csv(tmp_path, movie()), out)
    before = contents(out)
    (tmp_path / "movies_metadata.csv").write_text("<html>not found</html>")
    with pytest.raises(PayloadError, match="no column id"):
        roll(tmp_path / "movies_metadata.csv", out)
    assert contents(out) == before
    last = json.loads((out / "last-run.json").read_text())
    assert last["state"] == "failed"
    assert "no column id" in last["error"]


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    path = films_csv(tmp_path, movie())
    with exclusive(tmp_path / "out"), pytest.raises(StoreError, match="another run is writing here"):
        roll(path, tmp_path / "out")


def test_rejected_rows_stand_in_a_file_with_line_reason_and_text(tmp_path: Path) -> None:
    path = films_csv(tmp_path, movie(id="1"))
    path.write_text(path.read_text() + 'x,"broken\n')
    run = roll(path, tmp_path / "out")
    assert (run.rows["movies"].read, run.rows["movies"].rejected) == (2, 1)
    with (tmp_path / "out/rejected.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [(row["file"], row["line"], row["text"]) for row in rows] == [("movies", "3", 'x,"broken')]
    assert "quote" in rows[0]["reason"]


def test_killed_at_random_moments_and_run_again_the_output_is_the_same(tmp_path: Path) -> None:
    path = real("kaggle/movies_metadata.csv")
    roll(path, tmp_path / "calm")
    expected = contents(tmp_path / "calm")
    with forks("moviec.pipeline.monthly_job", "rollup", str(path), "--out") as command:
        status, whole = command.run(str(tmp_path / "again"))
        assert status == 0 and contents(tmp_path / "again") == expected
        dice = random.Random(7)
        for _ in range(some(6)):
            command.run(str(tmp_path / "killed"), kill_after=dice.uniform(0.01, whole))
            for name, text in contents(tmp_path / "killed").items():
                if not name.startswith("."):
                    assert text == expected[name], "what is in place is whole"
        assert command.run(str(tmp_path / "killed"))[0] == 0
    assert contents(tmp_path / "killed") == expected


def test_the_record_is_of_what_counted_and_of_the_whole_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = [
        movie(id="1"),
        movie(id="2", release_date="1950-01-01", revenue="0"),
        movie(id="3", release_date="2001-02-03"),
    ]
    run = roll(films_csv(tmp_path, *rows), out)
    assert (run.first_release, run.last_release) == (dt.date(1999, 3, 31), dt.date(2001, 2, 3))
    run = roll(films_csv(tmp_path, *rows), out, counting=Counting(since=dt.date(2001, 1, 1)))
    assert (run.months, run.months_there) == (["2001-02"], ["1999-03", "2001-02"])
    before = contents(out)
    for layout in (Layout(format="parquet"), Layout(split="even"), Layout(metadata=False)):
        with pytest.raises(UsageError, match="the months there are json, split full, with metadata"):
            roll(films_csv(tmp_path, *rows), out, counting=Counting(since=dt.date(2001, 1, 1)), layout=layout)
    assert contents(out) == before
    assert roll(films_csv(tmp_path, *rows), out, layout=Layout(split="even")).layout == Layout(split="even")


def test_a_second_file_that_plays_no_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    path = films_csv(tmp_path, movie())
    with pytest.raises(UsageError, match="this is not a file of the delivery"):
        run_rollup(Job((path, tmp_path / "notes.csv"), tmp_path / "out"))


def test_the_next_run_tells_that_one_died_and_a_stopped_one_ends_in_one_line(tmp_path: Path) -> None:
    out, path = tmp_path / "out", real("kaggle/movies_metadata.csv")
    command = [sys.executable, "-m", "moviec", "rollup", str(path), "--out", str(out)]
    # A run that was done before it was stopped is tried again, by the next round; the later ones are stopped earlier.
    stops = ("counting", "reading", "reading", "reading")
    rounds = [(signal.SIGKILL, "counting"), *product((signal.SIGTERM, signal.SIGINT), stops)]
    stopped: set[signal.Signals] = set()
    for number, stage in rounds:
        if number in stopped:
            continue
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            while stage not in (line := process.stderr.readline()):
                assert line, "the run ended before it came so far"
            process.send_signal(number)
            rest = process.stderr.read().splitlines()
        last = json.loads((out / "last-run.json").read_text())
        if number == signal.SIGKILL:
            assert last["state"] == "running"
        elif process.returncode:
            assert process.returncode == 130 and rest[-1].startswith("moviec: stopped")
            assert not any("Traceback" in line for line in rest)
            assert (last["state"], last["error"]) == ("failed", "stopped") and (last["died"] or stopped)
            stopped.add(number)
    assert stopped == {signal.SIGTERM, signal.SIGINT}
    (out / "last-run.json").write_text('{"state":"running","started":"2026-11-01T00:00:00Z"}')
    assert roll(films_csv(tmp_path, movie()), out).died == dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    path = films_csv(tmp_path, movie())
    (tmp_path / "out" / "genres" / "1995").mkdir(parents=True)
    (tmp_path / "out" / "genres" / "1995" / "1995-10.json").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        roll(path, tmp_path / "out")
    assert contents(tmp_path / "out") == {"genres/1995/1995-10.json": b"mine"}
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="this is a file"):
        roll(path, tmp_path / "file")


def test_months_that_are_no_more_are_named_and_notes_between_them_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    roll(films_csv(tmp_path, movie(), movie(id="2", release_date="2001-02-03")), out)
    (out / "genres" / "2001" / "notes.txt").write_text("mine")
    run = roll(films_csv(tmp_path, movie()), out)
    assert run.months == ["1999-03"] and run.months_removed == ["2001-02"]
    assert (out / "genres" / "2001" / "notes.txt").read_text() == "mine"
    assert not (out / "genres" / "2001" / "2001-02.json").exists()


@pytest.mark.parametrize("split", ["full", "even"])
def test_sums_that_a_bigint_cannot_hold_are_unknown_and_stop_no_other(engine: DuckEngine, split: str) -> None:
    most = 2**63 - 1
    films = [
        {"movie": movie, "year": 1999, "month": month, "budget": amount, "revenue": amount, "popularity": amount,
         "votes": amount, "c_rating": None}
        for movie, month, amount in ((1, 3, most), (2, 3, most), (3, 4, 5_000))
    ]  # fmt: skip
    entries = [
        {"kind": "genres", "entry": 1, "name": "Drama", "movie": film["movie"], "place": 1} for film in films
    ]
    typed = pa.schema([(name, pa.int64()) for name in films[0]])
    summed = totals(engine, pa.Table.from_pylist(films, typed), pa.Table.from_pylist(entries)).to_pylist()
    found = {row["month"]: row["revenue"] for row in summed if row["split"] == split}
    assert found[4] == 5_000
    assert found[3] is None


def test_the_command_loads_neither_the_catalogue_nor_a_database() -> None:
    code = (
        "import sys, moviec.cli.rollup; print({'sqlalchemy', 'moviec.catalog', 'stamina'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_engine_gets_memory_by_core_and_a_gigabyte_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}
    for cores in (1, 2, 64):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        given[cores] = Job((), Path("out")).limits.memory
    assert given == {1: "256MB", 2: "512MB", 64: "1000MB"}

"""The command line as a person meets it: exit status, one line for an error, JSON on request, pictures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from moviec import __version__
from tests.commands import moviec as moviec  # for tests that have it from here
from tests.commands import started
from tests.conftest import csv_text, movie


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    path = tmp_path / "movies_metadata.csv"
    path.write_text(
        csv_text(
            [
                movie(id="1", release_date="1998-05-01", revenue="3000000"),
                movie(
                    id="2",
                    release_date="1999-05-01",
                    genres="[{'id': 35, 'name': 'Comedy'}]",
                    revenue="9000000",
                ),
                movie(
                    id="3",
                    release_date="1999-06-01",
                    genres="[{'id': 35, 'name': 'Comedy'}]",
                    popularity="8.25",
                ),
            ]
        ),
        encoding="utf-8",
    )
    return path


def test_version_and_help() -> None:
    assert started("--version").stdout == f"moviec {__version__}\n"
    assert "rollup" in started("--help").stdout


@pytest.mark.parametrize("command", ["rollup", "report", "show", "search", "export", "review", "status"])
def test_a_command_starts_by_itself(command: str) -> None:
    """Loaded alone, in whatever order its imports then come; below, the commands share one process."""
    told = started(command, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert f"moviec {command}" in told.stdout


def test_rollup_then_report(tmp_path: Path, movies: Path) -> None:
    out = tmp_path / "out"
    done = moviec("rollup", movies, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "3 rows read = 3 kept + 0 merged + 0 rejected" in done.stdout
    told = moviec("report", "genres", "--from", out, "--year", "1999", "--json")
    rows = json.loads(told.stdout)["rows"]
    assert [(row["name"], row["movies"], row["value"]) for row in rows] == [("Comedy", 2, 11_000_000)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [("Comedy", 11_000_000), ("Drama", 3_000_000)]),
        (["--years", "1998-1999", "--month", "5"], [("Comedy", 9_000_000), ("Drama", 3_000_000)]),
        (["--measure", "movies"], [("Comedy", 2), ("Drama", 1)]),
        (["--by", "mean"], [("Comedy", 5_500_000), ("Drama", 3_000_000)]),
        (["--by", "max", "--top", "1"], [("Comedy", 9_000_000)]),
        (["--bottom", "1"], [("Drama", 3_000_000)]),
        (["--measure", "popularity"], [("Comedy", 4.875), ("Drama", 1.5)]),
        (["--measure", "popularity", "--by", "sum"], [("Comedy", 9.75), ("Drama", 1.5)]),
        (["--measure", "profit"], [("Comedy", 9_000_000), ("Drama", 2_000_000)]),
    ],
)
def test_reports(tmp_path: Path, movies: Path, options: list[str], expected: list[tuple[str, float]]) -> None:
    moviec("rollup", movies, "--out", tmp_path / "out")
    told = moviec("report", "genres", "--from", tmp_path / "out", "--csv", *options)
    rows = csv.DictReader(told.stdout.splitlines())
    assert [(row["name"], float(row["value"])) for row in rows] == expected, told.stderr


def test_report_draws_bars_and_lines(tmp_path: Path, movies: Path) -> None:
    moviec("rollup", movies, "--out", tmp_path / "out")
    svg, png = tmp_path / "p.svg", tmp_path / "p.png"
    moviec("report", "genres", "--from", tmp_path / "out", "--year", "1999", "--plot", svg)
    moviec("report", "companies", "--from", tmp_path / "out", "--plot", png)
    assert "Comedy" in svg.read_text()
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path, movies: Path) -> None:
    moviec("rollup", movies, "--out", tmp_path / "out")
    plot = tmp_path / "nowhere" / "p.svg"
    done = moviec("report", "genres", "--from", tmp_path / "out", "--plot", plot)
    assert (done.returncode, done.stderr) == (
        1,
        f"moviec: {plot}: No such file or directory; make its folder, or name another\n",
    )


def test_a_rollup_that_counts_nothing_fails_and_leaves_what_was_there(tmp_path: Path, movies: Path) -> None:
    def months() -> dict[str, bytes]:
        names = out.rglob("????-??.json")
        return {str(name): name.read_bytes() for name in names}

    out = tmp_path / "out"
    moviec("rollup", movies, "--out", out)
    before, record = months(), (out / "last-run.json").read_bytes()
    ahead = moviec("rollup", movies, "--out", out, "--since", "2999-01-01")
    assert ahead.returncode == 2 and ahead.stderr.startswith("moviec: --since: no film released by ")
    assert (out / "last-run.json").read_bytes() == record
    late = moviec("rollup", movies, "--out", out, "--since", "2005-01-01")
    assert late.returncode == 1 and "no month to write: 0 films count (3 before since)" in late.stderr
    assert before and months() == before
    assert json.loads((out / "last-run.json").read_text())["state"] == "failed"


def test_a_file_given_twice_is_refused(tmp_path: Path, movies: Path) -> None:
    again = movies.parent / "." / "x" / ".." / movies.name
    (tmp_path / "x").mkdir()
    for second in (movies, again):
        done = moviec("rollup", movies, second, "--out", tmp_path / "out")
        assert (done.returncode, done.stderr) == (
            2,
            f"moviec: {second}: this file is given twice; give each file once\n",
        )


@pytest.mark.parametrize(
    ("words", "message", "status"),
    [
        (["rollup", "none.csv"], "moviec: none.csv: no such file", 2),
        (["report", "genres", "--from", "nowhere"], "moviec: nowhere: no rollup here; run `moviec rollup FILE --out DIR`", 2),
        (["report", "genres", "--years", "90s"], "moviec: --years: '90s' is not a span of years; write it like 1990-1999", 2),
        (["report", "genres", "--year", "1990", "--years", "1990-1999"], "moviec: --year, --years: give one of them", 2),
        (["report", "genres", "--csv", "--json"], "moviec: --json, --csv: give one of them", 2),
        (["report", "genres", "--from", "x", "--home", "y"], "moviec: --from, --home: give one of them", 2),
        (["fit", "--list", "--pin", "shipped"], "moviec: --pin, --list: give one of them", 2),
        (["status", "--metrics", "--json"], "moviec: --metrics, --json: give one of them", 2),
        (["review", "list", "--decided", "--limit", "3"], "moviec: --decided, --limit: give one of them", 2),
        (["review", "list", "--decided", "--source", "imdb"], "moviec: --decided, --source: give one of them", 2),
        (["rollup", "none.csv", "--delivered-at", "1800-01-01"], "moviec: --delivered-at: 1800-01-01 is before the first film", 2),
        (["rollup", "none.csv", "--delivered-at", "2999-01-01"], "moviec: --delivered-at: 2999-01-01 is in the future", 2),
        (["ingest", "imdb", "x", "--delivered-at", "2999-01-01", "--home", "h"], "moviec: --delivered-at: 2999-01-01 is in the future", 2),
        (["ingest", "imdb", "x", "--delivered-at", "1800-01-01", "--home", "h"], "moviec: --delivered-at: 1800-01-01 is before the first film", 2),
        (["report", "genres", "--yeer", "3"], "moviec: No such option: --yeer", 2),
        (["report"], "moviec: Missing argument 'kind'. Choose from: genres, companies; see moviec report --help", 2),
        (["nosuch"], "moviec: No such command 'nosuch'; see moviec --help", 2),
        (["--home", "x", "status"], "moviec: --home: goes after the command; write moviec status … --home", 2),
        (["--home=x"], "moviec: --home: goes after the command; write moviec COMMAND … --home", 2),
        (["review", "--home", "x", "list"], "moviec: --home: goes after the command; write moviec review list … --home", 2),
        (["failures", "--json", "list"], "moviec: --json: goes after the command; write moviec failures list … --json", 2),
        (["quarantine", "--home", "x", "--json", "replay"], "moviec: --home, --json: goes after the command", 2),
        (["review", "list", "--source", "nope", "--home", "h"], "moviec: there is no source 'nope'; there are: imdb, ", 2),
        (["review", "unmatched", "nope", "--home", "h"], "moviec: there is no source 'nope'; there are: imdb, ", 2),
        (["show", "--home", "home", "tt\x1b[2J\n1"], "moviec: tt [2J 1: this is not a film's id", 2),
    ],
)  # fmt: skip
def test_errors_are_one_line(tmp_path: Path, words: list[str], message: str, status: int) -> None:
    done = moviec(*words, cwd=tmp_path)
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(message)


def test_a_time_in_which_no_film_was_counted_is_no_success(tmp_path: Path, movies: Path) -> None:
    moviec("rollup", movies, "--out", tmp_path / "out")
    done = moviec("report", "genres", "--from", tmp_path / "out", "--year", "1800")
    assert done.returncode == 2
    assert "the rollup counted no film of this time; it has 19" in done.stderr
    one_way, other = (
        moviec("report", "genres", "--from", tmp_path / "out", "--csv", "--years", span).stdout
        for span in ("1990-1999", "1999-1990")
    )
    assert one_way == other != ""


def test_a_measure_the_films_do_not_have_is_said_so(tmp_path: Path, movies: Path) -> None:
    moviec("rollup", movies, "--out", tmp_path / "out")
    done = moviec("report", "genres", "--from", tmp_path / "out", "--measure", "c_rating")
    assert (done.returncode, done.stderr) == (
        2,
        f"moviec: {tmp_path / 'out'}: these films have no c_rating; choose another --measure\n",
    )
    done = moviec("report", "genres", "--from", tmp_path / "out", "--plot", "p.gif")
    assert done.returncode == 2
    assert "a picture must end in .svg or .png" in done.stderr


def test_many_rejected_rows_want_a_look(tmp_path: Path, movies: Path) -> None:
    movies.write_text(movies.read_text() + "x,y\n")
    done = moviec("rollup", movies, "--out", tmp_path / "out", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["rows"]["movies"]["rejected"] == 1


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    done = started("--debug", "rollup", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert done.returncode == 1 and "Traceback" in done.stderr

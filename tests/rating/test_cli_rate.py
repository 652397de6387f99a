"""`moviec rate` on files as people have them."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from moviec.cli.rate import rate
from moviec.errors import PayloadError, UsageError
from tests.commands import moviec
from tests.fusion.made_up import ratings

COMMAND = typer.Typer()
COMMAND.command()(rate)

HEAD = "movie,source,value,lowest,highest\n"


def moviec_rate(*words: str | Path) -> str:
    result = CliRunner().invoke(COMMAND, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    data = ratings(300)
    pa_csv.write_csv(data, folder / "ratings.csv")
    text = (folder / "ratings.csv").read_text()
    (folder / "ratings.tsv").write_text(text.replace(",", "\t"))
    (folder / "ratings.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "ratings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data.to_pylist()))
    pq.write_table(data, folder / "ratings.parquet")
    return folder


def test_every_format_gives_the_same_scores(tables: Path) -> None:
    told = moviec_rate(tables / "ratings.csv", "--out", tables / "csv.scores")
    assert "films rated from" in told and "press: critics (unknown to the shipped model)" in told
    expected = (tables / "csv.scores").read_bytes()
    assert expected.startswith(b"movie,c_rating,low,high,critics,audience,sources,")
    for kind in ("tsv", "csv.gz", "jsonl", "parquet"):
        moviec_rate(tables / f"ratings.{kind}", "--out", tables / f"{kind}.scores")
        assert (tables / f"{kind}.scores").read_bytes() == expected


def test_the_written_parts_add_up(tables: Path) -> None:
    moviec_rate(tables / "ratings.csv", "--out", tables / "scores.csv")
    for row in rows_of(tables / "scores.csv"):
        parts = [Decimal(part.rpartition(":")[2]) for part in row["contributions"].split(";")]
        assert Decimal(row["base"]) + sum(parts) == Decimal(row["c_rating"])
        assert len(parts) == int(row["sources"])


def test_rows_that_cannot_be_used_are_written_aside(tmp_path: Path) -> None:
    lines = [
        "movie,source,value,lowest,highest,votes",
        "a,imdb,7,1,10,100",
        "a,imdb,8,1,10,20",
        "b,imdb,11,1,10,5",
        "c,imdb,good,1,10,5",
        "d,imdb,,1,10,5",
        "e,imdb,5,10,1,5",
        "f,imdb,5,1,10,-5",
        "g,imdb",
        ",imdb,5,1,10,5",
        "h,,5,1,10,5",
        "i,imdb,5,1,,5",
        "j,imdb,nan,1,10,5",
        "k,imdb,7,1,10,inf",
        "l,imdb,7,0,inf,5",
        "m,imdb,7,-1e308,1e308,5",
    ]
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n")
    told = moviec_rate(tmp_path / "bad.csv", "--out", tmp_path / "scores.csv")
    assert "2 films rated from 2 ratings" in told, "an unreadable number of votes costs no rating"
    assert "13 rows could not be used" in told
    aside = {
        row["movie"] or row["reason"]: row["reason"] for row in rows_of(tmp_path / "scores.rejected.csv")
    }
    assert aside["a"].startswith("the same rater has another row")
    assert aside["b"] == "the value is outside its scale"
    assert (
        aside["c"] == aside["j"] == "the value is not a number" or aside["j"] == "the value is not a number"
    )
    assert aside["d"] == "no value"
    assert aside["e"] == "the scale is upside down"
    assert aside["f"] == "the votes are negative"
    assert "k" not in aside
    assert aside["l"] == aside["m"] == "the scale has no end"
    assert aside["i"].startswith("the scale")
    assert {"no movie", "line 9: too few columns"} <= set(aside)
    assert [row["movie"] for row in rows_of(tmp_path / "scores.csv")] == ["a", "k"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_quote_that_does_not_close_costs_its_own_line(tmp_path: Path, packed: bool) -> None:
    good = [f"film {number},imdb,7,1,10" for number in range(40_000)]
    lines = ["movie,source,value,lowest,highest", *good[:100], 'open,"imdb,7,1,10', *good[100:]]
    data = "\n".join(lines).encode()
    path = tmp_path / ("many.csv.gz" if packed else "many.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    told = moviec_rate(path, "--out", tmp_path / "scores.csv")
    assert "40,000 films rated from 40,000 ratings" in told
    (aside,) = rows_of(tmp_path / "scores.rejected.csv")
    assert (aside["file_row"], aside["value"]) == ("101", 'open,"imdb,7,1,10')
    assert aside["reason"] == "line 102: a quote that does not close, or text after a closing quote"


def test_a_broken_json_line_is_kept_aside(tmp_path: Path) -> None:
    good = '{"movie": "a", "source": "imdb", "value": 7, "lowest": 1, "highest": 10}'
    (tmp_path / "some.jsonl").write_text(f'{good}\n{{"movie": "b", \n[1]\n')
    told = moviec_rate(tmp_path / "some.jsonl", "--out", tmp_path / "scores.csv")
    assert "1 film rated" in told and "2 rows could not be used" in told


def test_a_copy_that_speaks_in_place_of_who_is_left_out_is_named(tmp_path: Path) -> None:
    films = [f"film {n},{{}},{40 + n},0,100\n" for n in range(30)]
    rows = [row.format(source) for row in films for source in ("imdb", "mirror")]
    (tmp_path / "some.csv").write_text(HEAD + "".join(rows))
    out = tmp_path / "scores.csv"
    told = moviec_rate(tmp_path / "some.csv", "--out", out, "--without", "imdb")
    assert "mirror repeats imdb and counts in its place" in told
    both = moviec_rate(tmp_path / "some.csv", "--out", out, "--without", "imdb", "--without", "mirror")
    assert "counts in its place" not in both and "30 films have no rater left" in both


def test_what_if_tells_how_films_move(tables: Path) -> None:
    told = moviec_rate(tables / "ratings.csv", "--out", tables / "what.csv", "--without", "press")
    assert "compared with the plain run" in told and "rank" in told
    report = json.loads(
        moviec_rate(tables / "ratings.csv", "--out", tables / "what.csv", "--weight", "press=3", "--json")
    )
    assert report["moved"]["mean_points"] > 0 and report["moved"]["lost"] == 0
    assert len(report["moved"]["most"]) == 10
    assert {rater["rater"] for rater in report["raters"]} == {"imdb", "press", "review", "viewers"}


@pytest.mark.parametrize(
    ("name", "text", "error", "says"),
    [
        ("no.csv", None, UsageError, "no such file"),
        ("short.csv", "movie,source,value\na,imdb,7\n", PayloadError, "no column lowest, highest"),
        ("table.pdf", "x", UsageError, "a table cannot have the ending '.pdf'"),
        ("table.xlsx", "x", PayloadError, "the workbook cannot be read"),
        ("empty.csv", "", PayloadError, "the file is empty"),
        ("none.csv", HEAD, UsageError, "no rating could be used"),
        ("no.parquet", "text", PayloadError, "cannot be read"),
    ],
)
def test_an_error_is_one_line_that_says_what(
    tmp_path: Path, name: str, text: str | None, error: type[Exception], says: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, "latin-1")
    with pytest.raises(error, match=says) as raised:
        moviec_rate(tmp_path / name, "--out", tmp_path / "scores.csv")
    assert "\n" not in str(raised.value)


def test_an_unknown_rater_or_weight_is_named(tables: Path) -> None:
    for words, says in (
        (("--without", "imbd"), "no rater 'imbd'; there are imdb"),
        (("--weight", "imdb"), "write RATER=X"),
        (("--weight", "imdb=much"), "write RATER=X"),
    ):
        with pytest.raises(UsageError, match=says):
            moviec_rate(tables / "ratings.csv", "--out", tables / "x.csv", *words)


def test_the_kept_model_is_the_one_the_scores_name(tables: Path) -> None:
    moviec_rate(tables / "ratings.csv", "--out", tables / "s.csv", "--model", tables / "model.json")
    kept = json.loads((tables / "model.json").read_text())
    assert {row["method"] for row in rows_of(tables / "s.csv")} == {kept["version"]}


def test_no_file_of_a_run_takes_the_place_of_another(tables: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes((tables / "ratings.csv").read_bytes())
    (tmp_path / "p.rejected.csv").write_bytes((tables / "ratings.csv").read_bytes())
    for given, out in (("r.csv", "r.csv"), ("p.rejected.csv", "p.csv"), ("r.csv", "scores.parquet")):
        before = (tmp_path / given).read_bytes()
        with pytest.raises(UsageError, match=r"give (it|--out)"):
            moviec_rate(tmp_path / given, "--out", tmp_path / out)
        assert (tmp_path / given).read_bytes() == before


def test_an_earlier_runs_rejected_rows_do_not_stay(tmp_path: Path) -> None:
    good = "movie,source,value,lowest,highest\na,imdb,7,1,10\n"
    (tmp_path / "r.csv").write_text(good + "b,imdb,eleven,1,10\n")
    moviec_rate(tmp_path / "r.csv", "--out", tmp_path / "s.csv")
    assert len(rows_of(tmp_path / "s.rejected.csv")) == 1
    (tmp_path / "r.csv").write_text(good)
    moviec_rate(tmp_path / "r.csv", "--out", tmp_path / "s.csv")
    assert not (tmp_path / "s.rejected.csv").exists()


def test_tables_as_people_have_them(tmp_path: Path) -> None:
    (tmp_path / "semicolons.csv").write_text(
        "movie;source;value;lowest;highest;\na;imdb;7;1;10;\nb;imdb;8;1;10;\n"
    )
    objects = [{"Movie": "a", "source": "imdb", "value": 7, "lowest": 1, "highest": 10, '1x "odd" key': 2},
               {"movie": " b ", "source": "IMDb", "value": 8, "lowest": 1, "highest": 10}]  # fmt: skip
    (tmp_path / "mixed.jsonl").write_text("".join(json.dumps(each) + "\n" for each in objects))
    for name in ("semicolons.csv", "mixed.jsonl"):
        told = moviec_rate(tmp_path / name, "--out", tmp_path / "s.csv")
        assert "2 films rated from 2 ratings" in told
        assert [(row["movie"], row["sources"]) for row in rows_of(tmp_path / "s.csv")] == [
            ("a", "1"),
            ("b", "1"),
        ]


@pytest.mark.parametrize(
    "text",
    [
        'Film,Year,Anna,Bob\nHeat,1995,4,5\nAlien,1979,5,"4,5"\nUp,2009,3,\n',
        "title,source,rating\nHeat,imdb,8.3/10\nHeat,rt,87%\nAlien,imdb,8.5/10\nUp,rt,70%\n",
    ],
)
def test_tables_as_people_keep_them_are_rated(tmp_path: Path, text: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    done = moviec("rate", tmp_path / "table.csv", "--out", tmp_path / "rated.csv")
    assert done.returncode == 0, done.stderr
    rows = {row["movie"]: row for row in csv.DictReader((tmp_path / "rated.csv").read_text().splitlines())}
    assert set(rows) == {"Heat", "Alien", "Up"} and rows["Heat"]["sources"] == "2"
    assert float(rows["Alien"]["c_rating"]) > float(rows["Up"]["c_rating"])


def test_without_a_header_the_films_are_the_texts_with_a_year_behind(tmp_path: Path) -> None:
    """A column of viewers is no column of films, though it has more different texts."""
    path = tmp_path / "club.tsv"
    path.write_text("Anna\tHeat (1995)\t8\nBen\tHeat (1995)\t7\nCleo\tAlien (1979)\t9\n")
    moviec_rate(path, "--out", tmp_path / "scores.csv")
    assert {row["movie"] for row in rows_of(tmp_path / "scores.csv")} == {"Heat (1995)", "Alien (1979)"}

"""`moviec link`: lists in any usual shape, pairs out, and a clear word where a file is no list."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from moviec.cli.link import link
from moviec.errors import MovieCError, UsageError
from moviec.matching.link import parse_columns
from moviec.matching.lists import read_list

app = typer.Typer()
app.command()(link)

LEFT = "Name;Jahr\nThe Kid;2000\nRocky II;1979\nAmélie;2001\nLa vita è bella;1997\n"
RIGHT = (
    'movie\n"Kid, The (2000)"\nRocky III (1982)\n'
    '"Fabuleux destin d\'Amélie Poulain, Le (Amelie) (2001)"\n"Life Is Beautiful (Vita è bella, La) (1997)"\nRocky 2\n'
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_two_lists_with_other_columns_are_linked(tmp_path: Path) -> None:
    out, review = tmp_path / "pairs.csv", tmp_path / "review.csv"
    left, right = write(tmp_path, "left.csv", LEFT), write(tmp_path, "right.csv", RIGHT)
    call = [str(left), str(right), "--out", str(out), "--review", str(review), "--columns", "left:year=Jahr"]
    done = CliRunner().invoke(app, call, catch_exceptions=False)
    assert done.exit_code == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["left_id", "right_id", "probability", "evidence"]
    assert {(row["left_id"], row["right_id"]) for row in rows} == {
        ("1", "1"),
        ("2", "5"),
        ("3", "3"),
        ("4", "4"),
    }
    assert all(
        0.5 < float(row["probability"]) <= 1 and json.loads(row["evidence"])[0][0] == "title" for row in rows
    )
    assert review.read_text(encoding="utf-8").startswith("left_id,right_id,probability,evidence")


def test_columns_are_known_by_their_names_in_other_languages(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "list.csv",
        "Nr.;Título;Année;Länge;Réalisateur;Director(s)\n7;Heat;1995;170 min;;Mann, Michael\n",
    )
    read = read_list(path, "x")
    assert read.columns["year"] == "Année" and read.columns["runtime"] == "Länge"
    row = read.features.to_pylist()[0]
    assert (row["key"], row["titles"], row["year"], row["runtime"]) == ("7", ["Heat"], 1995, 170)


def test_rows_that_repeat_a_film_all_get_its_match(tmp_path: Path) -> None:
    left = write(
        tmp_path, "left.csv", "id,title,year\na,Heat,1995\nb,Alien,1979\nc,Heat,1995\nd,Hamlet,\ne,Hamlet,\n"
    )
    right = write(
        tmp_path, "right.csv", "id,title,year\n1,Heat,1995\n2,Alien,1979\n3,Alien,1979\n4,Hamlet,1948\n"
    )
    out = tmp_path / "pairs.csv"
    done = CliRunner().invoke(app, [str(left), str(right), "--out", str(out)], catch_exceptions=False)
    pairs = {(row["left_id"], row["right_id"]) for row in csv.DictReader(out.read_text().splitlines())}
    assert pairs == {("a", "1"), ("c", "1"), ("b", "2"), ("b", "3")}, (
        "two Hamlets of no year may be two films"
    )
    assert "4 pairs of 5 and 4 rows" in done.stdout


def test_a_year_behind_the_title_is_a_year_for_rows_that_repeat_a_film(tmp_path: Path) -> None:
    left = write(tmp_path, "left.csv", "id,title\na,Heat (1995)\nb,Alien (1979)\nc,Heat (1995)\n")
    right = write(tmp_path, "right.csv", "id,title,year\n1,Heat,1995\n2,Alien,1979\n")
    out = tmp_path / "pairs.csv"
    CliRunner().invoke(app, [str(left), str(right), "--out", str(out)], catch_exceptions=False)
    pairs = {(row["left_id"], row["right_id"]) for row in csv.DictReader(out.read_text().splitlines())}
    assert pairs == {("a", "1"), ("c", "1"), ("b", "2")}


def test_titles_with_other_spaces_and_as_libraries_write_them_are_linked(tmp_path: Path) -> None:
    left = write(
        tmp_path,
        "left.csv",
        'id,title\na,"Godfather,\u00a0The\u00a0(1972)"\nb,The terminator [DVD] (1984)\nc,M [videorecording] (1931)\n',
    )
    right = write(tmp_path, "right.csv", "id,title,year\na,The Godfather,1972\nb,Terminator,1984\nc,M,1931\n")
    out = tmp_path / "pairs.csv"
    CliRunner().invoke(app, [str(left), str(right), "--out", str(out)], catch_exceptions=False)
    pairs = {(row["left_id"], row["right_id"]) for row in csv.DictReader(out.read_text().splitlines())}
    assert pairs == {("a", "a"), ("b", "b"), ("c", "c")}


def test_a_repeated_id_lends_no_film_to_another_row(tmp_path: Path) -> None:
    left = write(tmp_path, "left.csv", "id,title,year\n1,Heat,1995\n1,Alien,1979\n2,Heat,1995\n")
    right = write(tmp_path, "right.csv", "id,title,year\nh,Heat,1995\na,Alien,1979\n")
    out = tmp_path / "pairs.csv"
    CliRunner().invoke(app, [str(left), str(right), "--out", str(out)], catch_exceptions=False)
    pairs = {(row["left_id"], row["right_id"]) for row in csv.DictReader(out.read_text().splitlines())}
    assert pairs == {("1", "h"), ("1", "a"), ("2", "h")}


def test_a_pair_that_waits_says_why(tmp_path: Path) -> None:
    left = write(
        tmp_path,
        "left.csv",
        "id,title,year,director\n1,Emma Woodhouse,1996,\n2,Solaris Station,1972,Andrei Tarkovsky\n3,Kagemusha,1980,\n",
    )
    right = write(
        tmp_path,
        "right.csv",
        "id,title,year,director\na,Emma Woodhouse,1996,Ann Low\nb,Emma Woodhouse,1996,Bo High\n"
        "c,Solaris Station,1972,Steven Soderbergh\nd,Kagemusha,1980,\n",
    )
    out, review = tmp_path / "pairs.csv", tmp_path / "review.csv"
    call = [str(left), str(right), "--out", str(out), "--review", str(review)]
    CliRunner().invoke(app, call, catch_exceptions=False)
    rows = csv.DictReader(review.read_text(encoding="utf-8").splitlines())
    assert {(row["left_id"], row["right_id"]): row["why"] for row in rows} == {
        ("1", "a"): "several fit",
        ("1", "b"): "several fit",
        ("2", "c"): "other directors",
    }


def test_every_shape_of_file_reads_the_same(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "a", "title": "Heat", "year": 1995, "directors": ["Michael Mann", "X Y"]},
        {"id": "b", "title": "Léon", "year": None, "directors": []},
    ]
    text = "id,title,year,directors\na,Heat,1995,Michael Mann; X Y\nb,Léon,,\n"
    (tmp_path / "list.csv.gz").write_bytes(gzip.compress(text.encode()))
    paths = [
        write(tmp_path, "list.csv", text),
        tmp_path / "list.csv.gz",
        write(tmp_path, "list.tsv", text.replace(",", "\t")),
        write(tmp_path, "bar.csv", text.replace("; ", "|")),
        write(tmp_path, "list.json", json.dumps(rows)),
        write(tmp_path, "list.jsonl", "\n".join(json.dumps(row) for row in rows)),
        write(
            tmp_path,
            "nested.csv",
            'id,title,year,directors\na,Heat,1995,"[""Michael Mann"", ""X Y""]"\nb,Léon,,\n',
        ),
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "list.parquet")
    read = [read_list(path, "x").features.to_pylist() for path in [*paths, tmp_path / "list.parquet"]]
    for features in read:
        for row in features:
            row["directors"] = row["directors"] or None
    assert all(features == read[0] for features in read)
    assert read[0][0]["directors"] == ["Michael Mann", "X Y"] and read[0][1]["titles"] == ["Léon"]


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [("125", 125), ("125.0", 125), ("125 min", 125), ("2 hr. 5 min.", 125), ("2h 5m", 125), ("2h", 120), ("PT2H5M", 125), ("02:05:00", 125), ("N/A", None), ("0", None)],
)  # fmt: skip
def test_running_times_as_people_write_them(tmp_path: Path, cell: str, minutes: int | None) -> None:
    path = write(tmp_path, "list.csv", f"title,Duration\nHeat,{cell}\n")
    assert read_list(path, "x").features["runtime"].to_pylist() == [minutes]


@pytest.mark.parametrize(
    ("cell", "year"),
    [("1972", 1972), ("c. 1972", 1972), ("'72", 1972), ("’99", 1999), ("'05", None), ("72", None), ("5/1/95", None), ("36526", None)],
)  # fmt: skip
def test_a_year_is_read_where_it_can_mean_one_only_and_told_where_not(
    tmp_path: Path, cell: str, year: int | None
) -> None:
    read = read_list(write(tmp_path, "list.csv", f"title,Year,Shelf\nHeat,{cell},A\nAlien,,B\n"), "x")
    assert read.features["year"].to_pylist() == [year, None]
    assert (read.years_unread, read.unread_year) == ((0, None) if year else (1, cell))
    assert read.unused == ("Shelf",)


@pytest.mark.parametrize(
    "header",
    [
        "Filmtitel;Produktionsjahr;Regisseur;Laufzeit (Min.)",
        "Titre du film;Année de sortie;Réalisateurs;Durée (min)",
        "Título;Año;Director(a);Duración",
        "Titolo;Anno;Regista;Durata [minuti]",
        "Tytuł;Rok;Reżyser;Length",
        "Название;Год;Режиссёр;minutes",
    ],
)
def test_headers_are_folded_as_titles_are(tmp_path: Path, header: str) -> None:
    read = read_list(write(tmp_path, "list.csv", f"{header}\nHeat;1995;Michael Mann;170\n"), "x")
    row = read.features.to_pylist()[0]
    known = row["titles"], row["year"], row["directors"], row["runtime"]
    assert known == (["Heat"], 1995, ["Michael Mann"], 170) and not read.unused


def test_a_torn_line_of_json_costs_itself_and_ids_of_two_types_are_told_as_text(tmp_path: Path) -> None:
    lines = [
        '{"id": 7, "title": "Heat"}',
        '{"id": "8", "ti',
        "",
        '{"id": "9", "title": "Alien", "Title": "x"}',
        "[1]",
    ]
    read = read_list(write(tmp_path, "list.jsonl", "\n".join(lines)), "x")
    assert read.features["key"].to_pylist() == ["7", "9"]
    assert read.features["titles"].to_pylist() == [["Heat"], ["Alien"]]
    assert [(row.line, row.text) for row in read.rejected] == [(2, lines[1]), (5, "[1]")]
    whole = write(tmp_path, "list.json", '[{"id": 7, "title": "Heat"}, {"id": "8", "title": "Alien"}]')
    assert read_list(whole, "x").features["key"].to_pylist() == ["7", "8"]


def test_what_a_list_leaves_unread_is_told(tmp_path: Path) -> None:
    left = write(
        tmp_path, "left.csv", "id,title,year,Saal\n1,Heat,'95,A\n1,Alien,'05,A\n2,Casablanca,5/1/95,B\n"
    )
    right = write(tmp_path, "right.csv", "id,title,year\n1,Heat,1995\n2,Alien,1979\n")
    done = CliRunner().invoke(
        app, [str(left), str(right), "--out", str(tmp_path / "pairs.csv"), "--json"], catch_exceptions=False
    )
    told = json.loads(done.stdout)["left"]
    assert told["unused_columns"] == ["Saal"] and told["rows_of_repeated_ids"] == 2
    assert (told["years_unread"], told["unread_year"]) == (2, "'05")
    said = [line for line in done.stderr.splitlines() if "moviec: left: " in line]
    assert len(said) == 3 and "right" not in "".join(said)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Brad Pitt, Edward Norton", ["Brad Pitt", "Edward Norton"]),
        ("Lynch, David", ["Lynch, David"]),
        ("Robert Downey, Jr., Val Kilmer", ["Robert Downey Jr.", "Val Kilmer"]),
        ("Pitt, Brad; Norton, Edward", ["Pitt, Brad", "Norton, Edward"]),
        ("[{'id': 1, 'name': \"Pat O'Brien\"}]", ["Pat O'Brien"]),
    ],
)
def test_names_in_a_cell(tmp_path: Path, cell: str, names: list[str]) -> None:
    quoted = cell.replace('"', '""')
    path = write(tmp_path, "list.csv", f'title,Cast\nHeat,"{quoted}"\n')
    assert read_list(path, "x").features["cast"].to_pylist() == [names]


def test_a_quote_that_does_not_close_costs_its_own_line(tmp_path: Path) -> None:
    good = [f'"Film, The {number}",{1900 + number % 100}' for number in range(30_000)]
    lines = ["title,year", *good[:10], "Heat \"Director's Cut,1995", '"Open,1996', *good[10:], "Short"]
    read = read_list(write(tmp_path, "list.csv", "\n".join(lines)), "x")
    assert read.features["titles"].to_pylist() == [[f"Film, The {number}"] for number in range(10)] + [
        ["Heat \"Director's Cut"]
    ] + [[f"Film, The {number}"] for number in range(10, 30_000)]
    assert [(row.line, row.text) for row in read.rejected] == [(13, '"Open,1996'), (30_004, "Short")]
    keys = read.features["key"].to_pylist()
    assert keys[10:13] == ["11", "13", "14"], "a row's number is its place in the file, whatever was refused"


def test_rows_that_could_not_be_read_are_written_beside_the_pairs(tmp_path: Path) -> None:
    out, aside = tmp_path / "pairs.csv", tmp_path / "pairs.rejected.csv"
    left = write(tmp_path, "left.csv", "title,year\nHeat,1995\nshort\nAlien,1979\n")
    right = write(tmp_path, "right.csv", 'title,year\nHeat,1995\n"open,1\nAlien,1979\n')
    done = CliRunner().invoke(app, [str(left), str(right), "--out", str(out)], catch_exceptions=False)
    assert f"left: 1 row could not be read: {aside} lists them with the reasons" in done.stdout
    assert aside.read_text().splitlines() == [
        "list,line,reason,text",
        "left,3,too few columns,short",
        'right,3,"a quote that does not close, or text after a closing quote","""open,1"',
    ]
    CliRunner().invoke(app, [str(left), str(left), "--out", str(out)], catch_exceptions=False)
    assert len(aside.read_text().splitlines()) == 3
    whole = write(tmp_path, "whole.csv", "title,year\nHeat,1995\n")
    CliRunner().invoke(app, [str(whole), str(whole), "--out", str(out)], catch_exceptions=False)
    assert not aside.exists()


def test_bare_quotes_in_a_tsv_are_text_and_quoted_cells_are_cells(tmp_path: Path) -> None:
    bare = read_list(write(tmp_path, "a.tsv", 'title\tyear\n"Heat" again\t1995\nA "b"\t1996\n'), "x")
    assert bare.features["titles"].to_pylist() == [['"Heat" again'], ['A "b"']] and not bare.rejected
    cells = read_list(write(tmp_path, "b.tsv", 'title\tyear\n"Heat\tagain"\t1995\n'), "x")
    assert cells.features["titles"].to_pylist() == [["Heat\tagain"]]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"foo,bar\n1,2\n", "no title column among foo, bar"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"\xef\xbb\xbf", "empty"),
        ("a.jsonl", b'{"title":', "no line is a JSON object"),
        ("a.csv", b"title\n", "no rows"),
        ("a.json", b"{", "cannot be read"),
        ("a.parquet", b"title", "cannot be read"),
        ("a.xlsx", b"title", "the workbook cannot be read"),
        ("a.pdf", b"title", "not a CSV"),
    ],
)
def test_what_is_no_film_list_is_said_in_one_line(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MovieCError, match=says) as raised:
        read_list(tmp_path / name, "x")
    assert "\n" not in str(raised.value) and name in str(raised.value)
    assert raised.value.exit_status == (2 if name == "a.pdf" else 1), (
        "wrong usage is the call, not what a file holds"
    )


@pytest.mark.parametrize("text", ["title", "title=", "middle:title=X", "colour=Red"])
def test_wrong_columns_are_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        parse_columns(text)


def test_a_column_that_is_nowhere_is_wrong_usage(tmp_path: Path) -> None:
    left = write(tmp_path, "left.csv", LEFT)
    call = [str(left), str(left), "--out", str(tmp_path / "out.csv"), "--columns", "runtime=Nix"]
    done = CliRunner().invoke(app, call)
    assert isinstance(done.exception, MovieCError) and "Nix" in str(done.exception)


@pytest.mark.parametrize(
    "places",
    [
        ["--out", "left.csv"],
        ["--out", "o.csv", "--review", "right.csv"],
        ["--out", "o.csv", "--review", "o.csv"],
        ["--out", "o.csv", "--review", "o.rejected.csv"],
        ["--out", "o.csv", "--review", "../linked/./o.csv"],
        ["--out", "linked.csv"],
    ],
)
def test_no_file_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: list[str]
) -> None:
    folder = tmp_path / "linked"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("left.csv", "right.csv"):
        write(folder, name, LEFT)
    (folder / "linked.csv").symlink_to("left.csv")
    done = CliRunner().invoke(app, ["left.csv", "right.csv", *places])
    assert isinstance(done.exception, UsageError) and "overwrite another file" in str(done.exception)
    there = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert there == dict.fromkeys(("left.csv", "right.csv", "linked.csv"), LEFT)


def test_a_list_named_as_the_rejected_rows_of_the_pairs_stays(tmp_path: Path) -> None:
    left, right = write(tmp_path, "pairs.rejected.csv", LEFT), write(tmp_path, "right.csv", RIGHT)
    done = CliRunner().invoke(app, [str(left), str(right), "--out", str(tmp_path / "pairs.csv")])
    assert isinstance(done.exception, UsageError) and left.read_text("utf-8") == LEFT


def test_an_article_or_a_longer_subtitle_is_told_from_another_title(tmp_path: Path) -> None:
    left = write(tmp_path, "left.csv", "title,year\nSwitch,2010\nPokemon: The First Movie,1998\n")
    right = write(
        tmp_path,
        "right.csv",
        "title,year\nThe Switch,2010\nPokemon: The First Movie - Mewtwo Strikes Back,1998\n",
    )
    paths = [str(tmp_path / name) for name in ("pairs.csv", "review.csv")]
    CliRunner().invoke(app, [str(left), str(right), "--out", paths[0], "--review", paths[1]])
    titles = {
        row["left_id"]: json.loads(row["evidence"])[0][1]
        for path in paths
        for row in csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines())
    }
    assert titles["1"] == "same but for the article"
    assert titles["2"].startswith("one lacks the other's subtitle")


def test_series_episodes_and_games_are_no_rivals_and_are_counted(tmp_path: Path) -> None:
    rows = "tconst\ttitleType\tprimaryTitle\tstartYear\n"
    kinds = ("movie", "tvEpisode", "videoGame", "tvSeries", "short")
    rows += "".join(f"tt{at}\t{kind}\tJoker\t2019\n" for at, kind in enumerate(kinds))
    found = read_list(write(tmp_path, "title.basics.tsv", rows), "x")
    assert found.features["key"].to_pylist() == ["tt0", "tt4"] and found.no_films == 3
    games = write(tmp_path, "games.tsv", "tconst\ttitleType\tprimaryTitle\ntt1\tvideoGame\tJoker\n")
    with pytest.raises(MovieCError, match="no row is a film"):
        read_list(games, "x")

"""`moviec fuse`: tables of claims as people have them, one value per film and field out, and a clear word where it cannot be."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from moviec.cli.fuse import fuse
from moviec.errors import PayloadError, UsageError

COMMAND = typer.Typer()
COMMAND.command()(fuse)
HEAD = "movie,field,source,value\n"


def run(*words: str | Path, status: int = 0) -> str:
    result = CliRunner().invoke(COMMAND, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.output


def rows_of(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    with path.open(newline="") as file:
        return {(row["movie"], row["field"]): row for row in csv.DictReader(file)}


def fused(folder: Path, text: str, name: str = "claims.csv") -> dict[tuple[str, str], dict[str, str]]:
    (folder / name).write_text(HEAD + text)
    run(folder / name, "--out", folder / "fields.csv")
    return rows_of(folder / "fields.csv")


SMALL = """f1,year,a,1999
f1,year,b,1999
f1,year,c,2003
f1,budget,a,$19M
f1,budget,b,"19,000,000"
f1,title,a,The Matrix
f1,title,b,MATRIX
f1,genres,a,Action; Sci-Fi
f1,genres,b,Sci-Fi;Action
f2,year,c,1950
"""


def test_the_value_most_believe_wins_and_who_lost_is_kept(tmp_path: Path) -> None:
    rows = fused(tmp_path, SMALL)
    assert rows["f1", "year"]["value"] == "1999"
    assert rows["f1", "year"]["sources"] == "2"
    assert json.loads(rows["f1", "year"]["losing"]) == [{"source": "c", "value": "2003"}]
    assert rows["f1", "budget"]["value"] == "19000000" and rows["f1", "budget"]["losing"] == ""
    assert rows["f1", "title"]["value"] == "The Matrix" and rows["f1", "title"]["sources"] == "2"
    assert rows["f1", "genres"]["sources"] == "2"
    lone, two = (float(rows[film, "year"]["confidence"]) for film in ("f2", "f1"))
    assert 0.8 < lone < 0.95 and two > 0.8


def test_every_format_gives_the_same_values(tmp_path: Path) -> None:
    fused(tmp_path, SMALL)
    expected = (tmp_path / "fields.csv").read_bytes()
    data = pa_csv.read_csv(tmp_path / "claims.csv")
    pq.write_table(data, tmp_path / "claims.parquet")
    (tmp_path / "claims.tsv").write_text(
        "\n".join(
            "\t".join(row)
            for row in [data.column_names, *map(list, zip(*data.to_pydict().values(), strict=True))]
        )
    )
    (tmp_path / "claims.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data.to_pylist()))
    for kind in ("parquet", "tsv", "jsonl"):
        run(tmp_path / f"claims.{kind}", "--out", tmp_path / f"{kind}.csv")
        assert (tmp_path / f"{kind}.csv").read_bytes() == expected, kind


def test_what_cannot_be_used_is_told_with_its_row(tmp_path: Path) -> None:
    text = SMALL + "f3,year,a,soon\n,year,a,1999\nf3,budget,a,0\nf3,budget,b,12 EUR\nf1,year,a,2001\n"
    (tmp_path / "claims.csv").write_text(HEAD + text)
    told = run(tmp_path / "claims.csv", "--out", tmp_path / "fields.csv")
    assert "field year" in told and "'soon'" in told and "fields.rejected.csv gives the reasons" in told
    with (tmp_path / "fields.rejected.csv").open(newline="") as file:
        reasons = {row["value"]: row["reason"] for row in csv.DictReader(file)}
    assert reasons["soon"] == "cannot be read as a year"
    assert reasons["0"] == "0 means unknown"
    assert reasons["12 EUR"] == "another currency"
    assert reasons["2001"].startswith("the source says 1999")
    assert reasons["1999"] == "no movie"
    fused(tmp_path, SMALL)
    assert not (tmp_path / "fields.rejected.csv").exists()


def test_a_field_that_is_mostly_unreadable_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(HEAD + "f1,year,a,1999\nf2,year,a,1998\n" + "f3,year,b,x\n" * 3)
    assert "field year: 3 of 5" in run(tmp_path / "claims.csv", "--out", tmp_path / "fields.csv", status=3)


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("claims.csv", "", PayloadError, "empty"),
        ("claims.csv", "movie,field,value\nf1,year,1999\n", PayloadError, "no column source"),
        ("claims.csv", HEAD, PayloadError, "no claim could be used"),
        ("claims.csv", HEAD + "f1,budget,a,0\n", PayloadError, "no claim could be used"),
        ("claims.xyz", HEAD, UsageError, "ending"),
    ],
)
def test_what_is_no_table_of_claims_is_told(
    tmp_path: Path, name: str, text: str, error: type[Exception], message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(error, match=message):
        run(tmp_path / name, "--out", tmp_path / "fields.csv")


def test_the_result_is_csv_and_takes_no_other_files_place(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(HEAD + SMALL)
    for out in ("claims.csv", "fields.parquet", "nowhere/fields.csv"):
        with pytest.raises(UsageError):
            run(tmp_path / "claims.csv", "--out", tmp_path / out)


def made_up(films: int, copies: int) -> tuple[str, dict[str, str]]:
    """Make claims on years: two good sources, a fair one, and a poor one with copies that repeat it nineteen times in twenty."""
    chance = random.Random(7)
    truth, lines = {}, []
    for film in range(films):
        year = chance.randint(1950, 2010)
        truth[f"f{film}"] = str(year)

        def said(right: float, year: int = year) -> int:
            return year if chance.random() < right else year + chance.randint(2, 9)

        poor = said(0.6)
        claims = {"good": said(0.95), "better": said(0.95), "fair": said(0.85), "poor": poor}
        claims |= {f"poor-copy-{at}": poor if chance.random() < 0.95 else said(0.6) for at in range(copies)}
        lines += [f"f{film},year,{source},{value}" for source, value in claims.items()]
    return "\n".join(lines) + "\n", truth


@pytest.mark.parametrize(("films", "copies"), [(60, 1), (600, 2)])
def test_copies_of_a_poor_source_outvote_nobody(tmp_path: Path, films: int, copies: int) -> None:
    text, truth = made_up(films, copies)
    rows = fused(tmp_path, text)
    right = sum(rows[film, "year"]["value"] == year for film, year in truth.items()) / films
    assert right > 0.97  # a majority has .967 and .920
    told = json.loads(
        run(tmp_path / "claims.csv", "--out", tmp_path / "fields.csv", "--json").splitlines()[0]
    )
    assert ["poor", *(f"poor-copy-{at}" for at in range(copies))] in told["one_origin"]
    assert not any("fair" in group for group in told["one_origin"])


def test_a_year_later_is_the_release_elsewhere(tmp_path: Path) -> None:
    """Of two sources that are one year apart and nobody knows better, the earlier year is the film's."""
    assert fused(tmp_path, "f1,year,a,2004\nf1,year,b,2003\n")["f1", "year"]["value"] == "2003"
    rows = fused(
        tmp_path, "f1,runtime,a,2h 4m\nf1,runtime,b,123\nf1,runtime,c,7560 s\nf1,runtime,d,124 min\n"
    )
    assert rows["f1", "runtime"]["value"] == "124"


def test_fields_may_have_any_name_and_another_currency_is_no_dollars(tmp_path: Path) -> None:
    names = ("_value", "file_row", "_position", 'od"d', "movie", "it's")
    text = "".join(f'f1,"{name.replace(chr(34), chr(34) * 2)}",a,some text\n' for name in names)
    rows = fused(tmp_path, text)
    assert {field for _, field in rows} == set(names)
    with pytest.raises(PayloadError, match="no claim could be used"):
        fused(tmp_path, "f1,Budget (€ millions),a,12\n")


def test_lists_are_the_same_however_they_are_cut_and_ordered(tmp_path: Path) -> None:
    rows = fused(
        tmp_path,
        'f1,genres,a,Horror|Sci-Fi\nf1,genres,b,"Sci-Fi, Horror"\nf1,genres,c,Drama\nf2,genres,a,"Action, Drama"\nf2,genres,b,Drama;Action\n'
        'f3,countries,a,UK/USA\nf3,countries,b,"USA, UK"\nf3,director,a,"Joel Coen, Ethan Coen"\nf3,director,b,Ethan Coen & Joel Coen\n'
        'f4,director,a,"Lynch, David"\nf4,director,b,David Lynch\nf4,title,a,"Me, Myself & Irene"\nf4,title,b,"Me, Myself & Irene"\n',
    )
    assert {key: row["sources"] for key, row in rows.items()} == dict.fromkeys(rows, "2")
    assert (
        rows["f1", "genres"]["value"] == "Horror|Sci-Fi"
        and rows["f4", "title"]["value"] == "Me, Myself & Irene"
    )


def test_amounts_are_judged_by_their_size_where_nobody_else_can_say(tmp_path: Path) -> None:
    """30 for 30 million is no budget, and of two grosses far apart the smaller is half told; a budget may be the smaller one."""
    usual = "".join(
        f"f{at},{field},a,{at}0000000\n" for at in range(1, 9) for field in ("budget", "worldwide gross")
    )
    rows = fused(
        tmp_path,
        usual
        + "x,budget,a,30\nx,budget,b,30000000\ny,budget,a,30000000000\ny,budget,b,10000000\n"
        + "x,worldwide gross,a,20000000\nx,worldwide gross,b,50000000\nz,budget,a,20000000\nz,budget,b,50000000\n",
    )
    chosen = {film: rows[film, "budget"]["value"] for film in "xyz"}
    assert chosen == {"x": "30000000", "y": "10000000", "z": "20000000"}
    assert rows["x", "worldwide gross"]["value"] == "50000000"


def test_where_nobody_can_say_the_first_in_the_table_leads(tmp_path: Path) -> None:
    rows = fused(tmp_path, "f1,runtime,a,90\nf1,runtime,b,120\nf2,runtime,a,100\nf2,runtime,b,100\n")
    assert rows["f1", "runtime"]["value"] == "90"

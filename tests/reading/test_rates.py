"""Money in other currencies: what it was worth by a dated table, whose table it is, and that an older lake is read all the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.lake.batches import view_batches
from moviec.model import RECORD
from moviec.reading.money import rates_of
from moviec.sources.spec import SourceSpec, Wanted
from moviec.sources.table.mapping import mapped_source
from tests.sources.reading import on_disk

LIST = """No,Name,Out,Gross,Cost
1,Amélie,2001-04-25,"€174,200,000","€10,000,000"
2,Solaris,1972-03-20,RUB 5000000,"RUB 1,000,000"
3,Heat,1995-12-15,"$187,436,818","$60,000,000"
4,Persona,,,kr 900000
"""
MAPPING = """
name = "shelf"
title = "My shelf"
home_page = ""
licence = "mine"
attribution = ""

[files.films]
names = ["shelf"]
format = "any"
key = "No"

[files.films.columns]
No = ["key"]
Name = ["title"]
Out = ["released"]
Gross = ["revenue.worldwide"]
Cost = ["budget"]
"""


def read_money(folder: Path, home: Path | None = None) -> dict[str, dict[str, object]]:
    with DuckEngine() as engine:
        path = on_disk(folder, "films", LIST)
        mapped_source(msgspec.toml.decode(MAPPING, type=SourceSpec)).read(
            engine, {"films": path}, Wanted(folder, home=home)
        )
        rows = engine.query("SELECT * FROM records").to_pylist()
    return {row["key"]: row for row in rows}


def test_another_currency_is_kept_and_converted_where_a_rate_of_its_time_is_known(tmp_path: Path) -> None:
    films = read_money(tmp_path)
    amelie, solaris, heat, persona = (films[key] for key in "1234")
    assert amelie["budget"] == round(10_000_000 * 0.89563) and amelie["revenue_scope"] == "worldwide"
    assert amelie["money"] == [
        {"field": "revenue", "amount": 174_200_000, "currency": "EUR", "scope": "worldwide"},
        {"field": "budget", "amount": 10_000_000, "currency": "EUR", "scope": None},
    ]
    assert (solaris["budget"], solaris["revenue"], solaris["revenue_scope"]) == (None, None, None)
    assert solaris["problems"] == ["budget_in_another_currency", "revenue_in_another_currency"]
    assert (heat["budget"], heat["money"]) == (60_000_000, None)
    assert persona["problems"] == ["budget_in_another_currency"], "whose crowns they are is not said"


def test_a_home_may_have_rates_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("date,currency,dollars\n1972-01-01,rub,1.21\n1973-01-01,RUB,1.3\n")
    films = read_money(tmp_path, tmp_path)
    assert films["2"]["budget"] == 1_210_000 and films["2"]["problems"] == []
    assert films["1"]["budget"] is None, "no other table is behind it"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "date,currency,dollars\n1972,RUB,1\n", "date,currency,dollars\n1972-01-01,RUB,x\n", "date,currency,dollars\n1972-01-01,RUB,0\n"])  # fmt: skip
def test_what_is_no_table_of_rates_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "rates.csv").write_text(text)
    with pytest.raises(UsageError, match="not a table of rates"):
        rates_of(tmp_path)


def test_the_rates_that_ship_are_of_their_time() -> None:
    rows = rates_of(None).to_pylist()
    euro = {row["since"].year: row["dollars"] for row in rows if row["currency"] == "EUR"}
    assert 0.8 < euro[2001] < 1 < 1.4 < euro[2008] < 1.6 and min(euro) == 1999
    assert {"DEM", "FRF", "GBP", "INR", "JPY"} <= {row["currency"] for row in rows}
    mark = next(row["dollars"] for row in rows if row["currency"] == "DEM" and row["since"].year == 2000)
    assert mark == pytest.approx(euro[2000] / 1.95583, rel=1e-4)
    assert all(row["since"] <= row["until"] for row in rows)


def test_batches_from_before_money_was_kept_are_read_beside_new_ones(tmp_path: Path) -> None:
    money = [{"field": "budget", "amount": 5, "currency": "EUR", "scope": None}]
    new = [{"source": "a", "key": "1", "money": money}]
    old = pa.Table.from_pylist([{"source": "a", "key": "2"}], RECORD).drop_columns(["money"])
    pq.write_table(old, tmp_path / "old.parquet")
    pq.write_table(pa.Table.from_pylist(new, RECORD), tmp_path / "new.parquet")
    with DuckEngine() as engine:
        for files in (["old"], ["old", "new"], ["new", "old"]):
            view_batches(engine, "some_rows", [tmp_path / f"{name}.parquet" for name in files])
            rows = engine.query("SELECT * FROM some_rows ORDER BY key")
            assert rows.column_names == RECORD.names
            assert [bool(row["money"]) for row in rows.to_pylist()] == [
                name == "new" for name in sorted(files)
            ]

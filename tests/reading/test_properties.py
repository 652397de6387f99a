"""Whatever value is written in a declared spelling is read back; whatever stands in a cell, reading it fails in no other way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviec.engine import DuckEngine
from moviec.reading import dates, ids, money, numbers, ratings, titles
from moviec.reading.columns import Column, Rows, read_columns
from moviec.reading.kinds import KINDS
from tests.examples import some

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]

DATE_SPELLINGS: tuple[Callable[[dt.date], str], ...] = (
    lambda d: d.isoformat(),
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year} (United States)",
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day}. {GERMAN[d.month - 1]} {d.year}",
    lambda d: f"{d.isoformat()}T12:30:00.000Z",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.day:02}-{MONTHS[d.month - 1][:3].upper()}-{d.year}",
    lambda d: f"Released {MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
)
MONEY_SPELLINGS: tuple[Callable[[int], str], ...] = (
    str,
    lambda n: f"${n:,}",
    lambda n: f"$ {n}",
    lambda n: f"US${n:,}",
    lambda n: f"{n:,} USD",
    lambda n: f"${n:,} (estimated)",
    lambda n: f"{n}.0",
    lambda n: f"{n:,}".replace(",", " "),
    lambda n: f"{n:,}".replace(",", "'"),
    lambda n: f"{n:,}.00",
    lambda n: f"{n:,}".replace(",", ".") + ",00",
    lambda n: f"{Decimal(n) / 10**6:f} million",
    lambda n: f"${Decimal(n) / 10**6:f}M",
    lambda n: f"${Decimal(n) / 10**9:f} billion",
)
DURATION_SPELLINGS: tuple[Callable[[int], str], ...] = (
    str,
    lambda m: f"{m} min",
    lambda m: f"{m} mins.",
    lambda m: f"{m // 60}h {m % 60}m",
    lambda m: f"{m // 60} hours {m % 60} minutes",
    lambda m: f"{m // 60} hr. {m % 60} min.",
    lambda m: f"PT{m // 60}H{m % 60}M",
    lambda m: f"{m // 60:02}:{m % 60:02}:00",
    lambda m: f"{m // 60} Std. {m % 60} Min.",
    lambda m: f"{m}分",
    lambda m: f"{m}′",
)
TITLE_SPELLINGS: tuple[Callable[[str, int], str], ...] = (
    lambda t, y: f"{t} ({y})",
    lambda t, y: f"{t} [{y}]",
    lambda t, y: f"({y}) {t}",
    lambda t, y: f"{t} ({y}) [1080p]",
    lambda t, y: f"{t} ({y}) {{imdb-tt0113277}}",
    lambda t, y: f"{t} ({y}) {{edition-Director's Cut}}",
    lambda t, y: f"{t} ({y}).mkv",
    lambda t, y: f"{t.replace(' ', '.')}.{y}.1080p.BluRay.x264-GROUP.mkv",
)
WORDS = st.lists(
    st.sampled_from(["Heat", "Blue", "Velvet", "Lamp", "House", "River", "Amélie", "Night", "Stone", "Über"]),
    min_size=1,
    max_size=4,
)
ANY = st.text(max_size=30) | st.text("0123456789.,-/:%$€ amMkKhT()[]'\"½★", max_size=15)


@settings(max_examples=some(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dates(dt.date(1890, 1, 1), dt.date(2030, 12, 31)), st.sampled_from(DATE_SPELLINGS))
def test_a_date_is_read_back(day: dt.date, spelling: Callable[[dt.date], str]) -> None:
    assert dates.date(spelling(day)) == (day, day.year, False)


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dates(dt.date(1931, 1, 1), dt.date(2029, 12, 31)), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_a_column_of_dates_is_read_back_or_left_open(days: list[dt.date], first: bool, short: bool) -> None:
    form = ("%d/%m/" if first else "%m/%d/") + ("%y" if short else "%Y")
    cells = [day.strftime(form) for day in days]
    order = dates.decide_order(cells)
    assert order in (("dmy" if first else "mdy"), None)
    for day, cell in zip(days, cells, strict=True):
        read = dates.date(cell, order)
        assert read is not None and read.year == day.year and read.date in (day, None)


@settings(max_examples=some(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 10**10), st.sampled_from(MONEY_SPELLINGS))
def test_money_is_read_back(amount: int, spelling: Callable[[int], str]) -> None:
    text = spelling(amount)
    decimal = "," if text.endswith(",00") else "."
    assert money.money(text, decimal) == (amount, "USD")


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9), st.sampled_from(["€", "£", "₹", "INR", "GBP", "kr", "zł"]))
def test_another_currency_is_never_dollars(amount: int, sign: str) -> None:
    for text in (f"{sign}{amount:,}", f"{amount:,} {sign}", f"{sign} {amount}"):
        read = money.money(text)
        assert read is None or read.currency != "USD"


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 599), st.sampled_from(DURATION_SPELLINGS))
def test_a_running_time_is_read_back(length: int, spelling: Callable[[int], str]) -> None:
    assert numbers.minutes(spelling(length)) == length


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**8))
def test_votes_are_read_back(votes: int) -> None:
    grouped = f"{votes:,}"
    for text in (
        str(votes),
        grouped,
        grouped.replace(",", "."),
        grouped.replace(",", " "),
        f"({grouped} votes)",
        f"{votes}.0",
    ):
        assert numbers.count(text) == votes


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100))
def test_ratings_are_read_back_with_their_scale(tenths: int) -> None:
    value = numbers.plain_text(Decimal(tenths) / 10)
    assert ratings.rating(f"{value}/10") == (value, "10")
    assert ratings.rating(value.replace(".", ",")) == (value, "")
    assert ratings.rating(f"{tenths}%") == (str(tenths), "100")


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS, st.integers(1900, 2029), st.sampled_from(TITLE_SPELLINGS))
def test_a_title_and_its_year_are_read_back(
    words: list[str], year: int, spelling: Callable[[str, int], str]
) -> None:
    title = " ".join(words)
    read = titles.title(spelling(title, year))
    assert read is not None and (read.title, read.year) == (title, year)


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), min_size=1, max_size=20))
def test_a_garbled_title_is_mended_and_a_sound_one_stays(text: str) -> None:
    assert titles.mended(text.encode().decode("cp1252", errors="replace")) != "" and isinstance(
        titles.mended(text), str
    )
    if text.isascii() or max(text) < "\u00c2":
        assert titles.mended(text) == text


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 99_999_999))
def test_ids_are_read_back(number: int) -> None:
    bare = f"tt{number:07}"
    for text in (
        bare,
        str(number),
        f"{number}.0",
        f"https://www.imdb.com/title/{bare}/",
        f"http://m.imdb.com/title/{bare}?ref=x",
    ):
        assert ids.imdb(text) == bare
    assert ids.film_id("tmdb", f"https://www.themoviedb.org/movie/{number}-x") == str(number)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=some(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(ANY, min_size=1, max_size=8))
def test_any_text_in_a_cell_is_read_blank_or_unreadable(
    engine: DuckEngine, kind: str, cells: list[str]
) -> None:
    cells = [cell.replace("\x00", "").encode("utf-8", "replace").decode() for cell in cells]
    engine.register("fuzz_cells", pa.table({"c": cells, "_position": list(range(len(cells)))}))
    found = read_columns(engine, Rows("fuzz_cells", "fuzz_cells"), "fuzz_read", [Column("c", kind, "read")])
    rows = engine.query("SELECT c, read FROM fuzz_read ORDER BY _position").to_pylist()
    assert [row["c"] for row in rows] == cells, "no row is lost or doubled"
    unread = sum(
        row["read"] is not None and row["read"].startswith("\x1a")
        for row in rows
        if not row["c"].startswith("\x1a")
    )
    assert unread <= sum(column.unread for column in found.unread) <= len(cells)

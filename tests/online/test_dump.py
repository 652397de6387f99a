"""Wikidata's dump of all entities: narrowed to films as it streams past, and read as the query service's answers are."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.errors import PayloadError
from moviec.loopback.wikidata import dump, entity, facts
from moviec.model import FIELDS
from moviec.pipeline.asking import line_of
from moviec.sources.registry import extract_function, find_source
from moviec.sources.spec import Wanted
from moviec.synth.film import Film
from tests.engines import new_engine
from tests.examples import some
from tests.online.desk import Desk, desk, films

SOURCE = find_source("wikidata")


def _quiet(_: str) -> None:
    pass


def _extracted(path: Path, folder: Path) -> Path:
    extract = extract_function(SOURCE.spec)
    assert extract
    folder.mkdir(exist_ok=True)
    found = extract(SOURCE.spec, path, folder, _quiet)
    assert found
    return found


def _records(file: Path, work: Path) -> pa.Table:
    work.mkdir(exist_ok=True)
    plain = work / "facts.jsonl"
    plain.write_bytes(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes())
    with new_engine() as engine:
        SOURCE.read(engine, {"facts": plain}, Wanted(work))
        return engine.query(f"SELECT key, {', '.join(FIELDS)} FROM records ORDER BY key")


def _answered(numbered: list[tuple[str, Film]], file: Path) -> Path:
    """Write what the query service answers, as a pack has it."""
    rows = [(number, row) for number, film in numbered for row in facts(number, film)]
    file.write_bytes(b"".join(line_of(number, 200, msgspec.json.encode(row)) + b"\n" for number, row in rows))
    return file


SOMETIMES = st.sampled_from([0, 1, 1])


@st.composite
def made_up(draw: st.DrawFn) -> list[tuple[str, Film]]:
    """Films as the sample has them, with other values and others missing."""
    found = []
    for at, film in enumerate(
        draw(st.lists(st.sampled_from(films(12)), min_size=1, max_size=5, unique=True))
    ):
        title = draw(
            st.text("abc Éß中\"\\'\u2028", min_size=1, max_size=12).filter(lambda text: text.strip())
        )
        other = {
            "title": title,
            "original_title": draw(st.none() | st.just(f"{title} ñ")),
            "language": draw(st.sampled_from(["fr", "ja", "de"])),
            "released": draw(st.dates(dt.date(1890, 1, 1), dt.date(2030, 12, 31))),
            "runtime": draw(st.integers(1, 600)),
            "budget": draw(st.none() | st.integers(1, 10**9)),
            "revenue": draw(st.none() | st.integers(1, 3 * 10**9)),
            "countries": film.countries[: draw(SOMETIMES)],
            "languages": film.languages[: draw(SOMETIMES)],
            "companies": film.companies[: draw(SOMETIMES)],
            "cast": film.cast[: draw(st.integers(0, 3))],
        }
        found.append((f"Q{100_000 + at}", msgspec.structs.replace(film, **other)))
    return found


@given(made_up(), st.sampled_from(["json", "json.gz", "json.bz2"]))
@settings(max_examples=some(12), deadline=None)
def test_pages_and_dump_of_the_same_entities_are_the_same_records(
    numbered: list[tuple[str, Film]], kind: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = dump(numbered)
        packed = {"json": plain, "json.gz": gzip.compress(plain), "json.bz2": bz2.compress(plain)}
        file = folder / f"latest-all.{kind}"
        file.write_bytes(packed[kind])
        by_dump = _records(_extracted(file, folder / "x"), folder / "one")
        by_pages = _records(_answered(numbered, folder / "answers.jsonl"), folder / "two")
        assert by_dump.num_rows == len(numbered)
        assert by_dump.equals(by_pages), (by_dump.to_pylist(), by_pages.to_pylist())


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as found:
        yield found


def test_a_dump_becomes_the_catalogue_that_the_pages_become(at: Desk, tmp_path: Path) -> None:
    at.ingest("wikidata")
    other = Desk(tmp_path / "other", at.served, at.films, at.providers)
    file = tmp_path / "latest-all.json.bz2"
    file.write_bytes(bz2.compress(dump(at.wikidata.films.items())))
    asked = sum(at.served.asked.values())
    done = other.moviec("ingest", "wikidata", str(file))
    assert done.exit_code == 0, f"{done.exception!r}\n{done.output}"
    assert "12 records: 12 new or changed" in done.stdout
    assert sum(at.served.asked.values()) == asked, "a dump asks nobody"
    for film in at.films:
        assert other.shown(f"imdb:{film.ids.imdb}") == at.shown(f"imdb:{film.ids.imdb}")
    kept = [
        path
        for path in (other.home / "lake" / "raw").rglob("*")
        if path.is_file() and path.suffix != ".sha256"
    ]
    text = b"".join(
        gzip.decompress(path.read_bytes()) for path in kept if path.read_bytes()[:2] == b"\x1f\x8b"
    )
    assert b'"Q5"' not in text, "only what is said of films is kept"
    again = other.moviec("ingest", "wikidata", str(file))
    assert "the same bytes" in again.stdout


def _written(folder: Path, *entities: dict[str, Any]) -> Path:
    file = folder / "latest-all.json"
    file.write_bytes(b"[\n" + b",\n".join(msgspec.json.encode(each) for each in entities) + b"\n]\n")
    return file


def _amount(amount: str, unit: str, rank: str = "normal") -> dict[str, Any]:
    value = {"amount": amount, "unit": f"http://www.wikidata.org/entity/{unit}"}
    return {"mainsnak": {"snaktype": "value", "datavalue": {"value": value}}, "rank": rank}


def test_ranks_currencies_and_values_that_nobody_knows(tmp_path: Path) -> None:
    film = entity("Q1", films(1)[0])
    film["claims"]["P2130"] = [_amount("+900", "Q4917", "deprecated"), _amount("+500", "Q4916")]
    film["claims"]["P2142"] = [
        _amount("+7000", "Q4917"),
        {"mainsnak": {"snaktype": "somevalue"}, "rank": "normal"},
    ]
    preferred = json.loads(json.dumps(film["claims"]["P345"][0]).replace("tt", "tt9"))
    film["claims"]["P345"].append({**preferred, "rank": "preferred"})
    time = {
        "time": "+1917-00-00T00:00:00Z",
        "precision": 9,
        "calendarmodel": "http://www.wikidata.org/entity/Q1985786",
    }
    julian = {**time, "time": "+1917-03-01T00:00:00Z", "precision": 11}
    film["claims"]["P577"] = [
        {"mainsnak": {"snaktype": "value", "datavalue": {"value": value}}, "rank": "normal"}
        for value in (time, julian)
    ]
    series = {
        **entity("Q2", films(2)[1]),
        "claims": {"P31": [{"rank": "normal", "mainsnak": {"snaktype": "novalue"}}]},
    }
    [record] = _records(
        _extracted(_written(tmp_path, film, series), tmp_path / "x"), tmp_path / "w"
    ).to_pylist()
    assert record["budget"] is None or record["money"], "euros are no dollars"
    assert [(each["currency"], each["amount"]) for each in record["money"]] == [("EUR", 500)]
    assert record["revenue"] == 7000
    assert dict(record["ids"])["imdb"].startswith("tt9")
    assert record["released"] == dt.date(1917, 3, 14), (
        "Julian days are turned into ours, as the query service does"
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text[: len(text) // 2], "cut off|cannot be read"),
        (lambda text: text.replace(b"Q11424", b"Q5"), "no film is in this dump"),
        (lambda text: text.replace(b'"rank":"normal"', b'"rank":normal', 1), "cannot be read"),
    ],
)
def test_a_dump_that_is_none_is_told(change: Any, why: str, tmp_path: Path) -> None:
    damaged = change(dump([("Q1", films(1)[0])]))
    for name, data in (("a.json", damaged), ("b.json.gz", gzip.compress(damaged))):
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(PayloadError, match=why):
            _extracted(file, tmp_path / "x")
    cut = tmp_path / "c.json.bz2"
    cut.write_bytes(bz2.compress(dump([(f"Q{at}", film) for at, film in enumerate(films(100), 1)]), 1)[:-20])
    with pytest.raises(PayloadError, match=r"cannot be read|no film"):
        _extracted(cut, tmp_path / "y")


def test_other_files_of_the_source_are_taken_as_they_are(tmp_path: Path) -> None:
    extract = extract_function(SOURCE.spec)
    assert extract
    file = _answered([("Q1", films(1)[0])], tmp_path / "facts.jsonl")
    assert extract(SOURCE.spec, file, tmp_path, _quiet) is None
    assert extract_function(find_source("imdb").spec) is None


def test_what_is_told_stands_in_the_queries_alone() -> None:
    """The dump goes by the classes and properties of the facts: a property that is added there comes of both ways."""
    fetch = SOURCE.spec.fetch
    assert fetch and fetch.listing and fetch.details and fetch.changes
    listed = fetch.listing.query["query"].partition("}")[0]
    assert listed == fetch.changes.query["query"].partition("}")[0]

"""Titles that are no films, as many as wanted, added to a made-up delivery of IMDb: nine tenths of what IMDb lists are episodes,
series and games, each with people and other titles, which a reader has to leave out without holding them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.sql import filled, read_sql
from moviec.synth.invent import World
from moviec.synth.wording import BOUND, DRAWN, english_title, person_name
from moviec.synth.writers.imdb import AKAS, BASICS, CREW, NAMES, PRINCIPALS, RATINGS

#: Of a thousand titles that are no films those up to here are of a kind; shares of IMDb's own list, to the nearest per cent.
_KINDS = {
    "tvEpisode": 930,
    "tvSeries": 962,
    "tvMiniSeries": 970,
    "tvPilot": 975,
    "tvSpecial": 985,
    "videoGame": 1000,
}

#: Different titles and names, taken again and again.
_WORDING = 50_000

#: The first numbers of their ids: above those of made-up films and of the people in these.
_FIRST, _STRANGER = 20_000_000, 30_000_000

#: Their ids lie below those of the series among the films' faults.
MOST_TITLES = 50_000_000

#: Titles made at a time, so that memory stays flat.
_AT_ONCE = 500_000

_FILES = {
    "basics": BASICS,
    "ratings": RATINGS,
    "crew": CREW,
    "akas": AKAS,
    "principals": PRINCIPALS,
    "names": NAMES,
}


def add_other_titles(
    folder: Path, films: int, titles: int, seed: int, tell: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Add so many titles that are no films to the IMDb delivery in `folder`, which has `films`; return the rows by file.

    They come behind what is there, as gzip members of their own. Equal arguments give equal rows.
    """
    rows = dict.fromkeys(_FILES.values(), 0)
    sql = read_sql("moviec.synth", "other_titles.sql")
    world = World.of(films)
    wanted = {"people": world.directors + world.actors, "strangers": titles, "seed": seed, "words": _WORDING}
    with DuckEngine() as engine, TemporaryDirectory(dir=folder) as room:
        engine.register("wanted", pa.table({name: [number] for name, number in wanted.items()}))
        engine.register("kinds", pa.table({"kind": list(_KINDS), "upto": list(_KINDS.values())}))
        engine.register("wording", _wording())
        for macro in ("below_2_32", "mixed"):
            engine.connection.execute(sql[macro])
        for first in range(_FIRST, _FIRST + titles, _AT_ONCE):
            end = min(first + _AT_ONCE, _FIRST + titles)
            places = {"first": first, "end": end, "begin": _FIRST, "stranger": _STRANGER}
            texts = {name: str(number) for name, number in places.items()}
            engine.materialize("others", filled(sql["others"], texts))
            for section, file in _FILES.items():
                rows[file] += _append(engine, filled(sql[section], texts), Path(room, file), folder / file)
            tell(f"{end - _FIRST:,} of {titles:,} other titles written")
    return rows


def _append(engine: DuckEngine, rows: str, part: Path, whole: Path) -> int:
    """Write rows as IMDb does behind those of a file; return how many."""
    form = "FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '', ESCAPE '', COMPRESSION gzip"
    written = engine.connection.execute(f"COPY ({rows}) TO {quoted(str(part))} ({form})").fetchall()
    with part.open("rb") as made, whole.open("ab") as there:
        shutil.copyfileobj(made, there)
    return int(written[0][0])


def _wording() -> pa.Table:
    """Return titles and names to take from: at, title, name."""
    numbers = [
        [(at * 2_654_435_761 + place * 40_503) % BOUND for place in range(DRAWN)] for at in range(_WORDING)
    ]
    titles = [english_title(drawn) for drawn in numbers]
    return pa.table(
        {"at": range(_WORDING), "title": titles, "name": [person_name(at) for at in range(_WORDING)]}
    )

"""An audit names what is new or odd in a delivery, with counts."""

from __future__ import annotations

from pathlib import Path

from moviec.sources.audit import Audit, audit
from moviec.sources.registry import find_source
from moviec.sources.spec import Wanted
from tests.commands import moviec
from tests.engines import new_engine
from tests.sources.reading import on_disk

MOVIES = "movieId,title,genres,colour\n1,A (1995),Drama|Noir,x\n2,B (1996),Noir,x\n3,C,(no genres listed),x\n"
RATINGS = "userId,movieId,rating,timestamp\n1,1,4,1\n1,8,4,1\n2,9,4,1\n"


def looked_at(folder: Path, **files: str) -> Audit:
    source = find_source("movielens")
    with new_engine() as engine:
        paths = {role: on_disk(folder, role, text) for role, text in files.items()}
        return audit(engine, source.spec, source.read(engine, paths, Wanted(folder)))


def test_an_audit_names_what_is_new_or_odd(tmp_path: Path) -> None:
    found = looked_at(tmp_path, movies=MOVIES, ratings=RATINGS)
    assert found.films == 3
    assert found.unknown_columns == {"movies": ("colour",)}
    assert found.unmapped_genres == {"Noir": 2}
    assert found.strays == {"ratings": 2}
    assert found.concerns == ("3 films, fewer than the least expected (1000)",)


def test_who_ingests_is_told_of_rows_that_belong_to_no_film(tmp_path: Path) -> None:
    folder = tmp_path / "ml"
    folder.mkdir()
    (folder / "movies.csv").write_text(MOVIES)
    (folder / "ratings.csv").write_text(RATINGS)
    done = moviec("ingest", f"movielens={folder}", "--accept-shrink", "--home", tmp_path / "home")
    line = "movielens: 2 rows of ratings for films that the delivery does not list"
    assert line in done.stdout.splitlines(), done
    assert line in moviec("status", "--home", tmp_path / "home").stdout.splitlines()


def test_an_audit_counts_how_full_each_field_is(tmp_path: Path) -> None:
    found = looked_at(tmp_path, movies=MOVIES, ratings=RATINGS)
    filled = {field: films for field, films in found.filled.items() if films}
    assert filled == {"title": 3, "year": 2, "genres": 2, "ids": 3, "ratings": 1}
    assert found.ids == {"movielens": 3}
    assert found.rate("year") == 2 / 3
    assert found.rate("budget") == 0

"""The catalogue in this process: the answers are the API's, the tables the catalogue's; the notebook runs as it stands."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from moviec import Catalogue
from moviec.config import Home
from moviec.errors import StoreError, UsageError
from tests.homes import copied_home

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(demo_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the demo's home: opening it makes an index."""
    return copied_home(demo_home, tmp_path_factory.mktemp("library") / "home", "").folder


@pytest.fixture(scope="module")
def films(home: Path) -> Iterator[Catalogue]:
    with Catalogue.open(home) as found:
        yield found


def test_films_come_whole_page_by_page(films: Catalogue) -> None:
    every = films.movies(limit=None)
    assert len(every) == every.total > 200
    assert len({film["id"] for film in every}) == len(every)
    some = films.movies(genre="drama", sort="year", limit=7)
    assert (len(some), some.total > 7) == (7, True)
    assert films.movies("alien")[0]["title"] == "Alien"
    assert len(films.top(limit=3)) == 3


def test_a_film_and_its_parts(films: Catalogue) -> None:
    (alien,) = films.movies("alien", limit=1)
    film = films.movie(alien["id"], fields="runtime,genres")
    assert set(film) == {"id", "title", "runtime", "genres"}
    claims = films.claims(alien["id"])
    runtimes = [claim for claim in claims if claim["field"] == "runtime"]
    assert film["runtime"] in [json.loads(claim["value"]) for claim in runtimes if claim["chosen"]]
    assert {"imdb"} <= {rating["rater"] for rating in films.ratings(alien["id"])}
    assert films.history(alien["id"])[0]["kind"] == "created"
    assert alien["id"] not in [each["id"] for each in films.similar(alien["id"], 3)]


def test_lists_are_tables(films: Catalogue) -> None:
    some = films.movies(sort="rating", limit=10)
    frame, other, table = some.to_pandas(), some.to_polars(), some.to_arrow()
    assert (
        list(frame["id"]) == other["id"].to_list() == table["id"].to_pylist() == [film["id"] for film in some]
    )
    assert some[:3].to_arrow().num_rows == 3
    assert "of" in repr(some)


def test_whole_tables(films: Catalogue) -> None:
    movies = films.table("movies")
    assert movies.num_rows == films.movies(limit=1, adult=True).total
    assert set(films.table("ratings")["movie"].to_pylist()) <= set(movies["movie"].to_pylist())
    for name in ("accounts", "keys", "webhooks", "nothing"):
        with pytest.raises(UsageError, match="no such table"):
            films.table(name)


def test_figures_people_collections_and_lists(films: Catalogue) -> None:
    figures = films.figures("genres", (1950, 2020), top=3)
    assert len(figures) == 3
    assert figures[0]["value"] >= figures[1]["value"]
    assert films.figures("production_companies", 1999, month=3, measure="movies").total >= 0
    (alien,) = films.movies("alien", limit=1)
    found = films.match(
        [{"title": "Alien", "year": alien["year"]}, {"title": "Nothing of the kind", "year": 1901}]
    )
    assert [each["match"] for each in found] == [alien["id"], None]
    assert [genre["name"] for genre in films.genres()][:1]
    name = films.movie(alien["id"])["people"][0]["name"]
    person = films.people(name)[0]
    assert alien["id"] in [credit["id"] for credit in films.person(person["id"])["credits"]]
    assert films.changes(limit=1)[0]["number"] == 1


def test_what_is_not_there_is_said(films: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no movie mc99999"):
        films.movie("mc99999999")
    with pytest.raises(UsageError, match="limit"):
        films.ask("/v1/movies", limit=0)
    with pytest.raises(UsageError, match="admin key"):
        films.ask("/v1/admin/keys")
    with pytest.raises(StoreError, match="no catalogue"):
        Catalogue.open(tmp_path)


def cells_of(name: str) -> list[str]:
    """Return the code of a notebook, which has no outputs."""
    notebook = json.loads((ROOT / "docs" / name).read_text("utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(cells: list[str]) -> list[Any]:
    """Run cells as Jupyter does; return what each shows: the value of its last line."""
    scope: dict[str, object] = {}
    shown = []
    for cell in cells:
        tree = ast.parse(cell)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), scope)  # noqa: S102  it is ours
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), scope))  # noqa: S307
    return shown


def test_the_notebook_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIEC_HOME", str(home))
    assert len(run(cells_of("catalogue.ipynb"))) >= 8


def test_ten_pictures_are_drawn_of_a_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVIEC_HOME", str(home))
    shown = run(cells_of("ten-pictures.ipynb"))
    assert len({drawn.spec["title"]["text"] for drawn in shown}) == 10
    for place, drawn in enumerate(shown):
        title = drawn.spec["title"]["text"]
        assert len(drawn.spec["data"]["values"]) >= 4, title
        drawn.save(tmp_path / f"{place}.svg")
        svg = (tmp_path / f"{place}.svg").read_text("utf-8")
        words = "".join(ElementTree.fromstring(svg).itertext())
        assert title in words
        marks = re.findall(
            r'aria-roledescription="(?:bar|rect mark|rect|point|circle|area mark|line mark|rule mark|rule)"',
            svg,
        )
        assert len(marks) >= 2, title
        assert not re.search(r"NaN|undefined|Infinity", svg), title


def test_importing_the_package_loads_no_web() -> None:
    told = "import sys, moviec; print('litestar' in sys.modules); moviec.Catalogue; print('litestar' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]

"""What people look for is found: known answers over films everybody knows, and the index as a follower of the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from moviec import text
from moviec.catalog.schema.operations import checkpoints
from moviec.catalog.schema.serving import documents
from moviec.romanise import romanise
from moviec.search import Ask, Finder
from moviec.search.folding import fold, fold_numerals, fold_title
from moviec.search.index import build, catch_up, indexer
from moviec.search.location import BEGINNING, current, ordered, position
from moviec.search.readings import GenreWords
from moviec.search.request import Wanted
from tests.web.catalogue import FILMS, GENRE_IDS, GENRES, Made, catalogue_at, publish, withdraw

NAMES = {alias: GENRE_IDS[name] for name, (_, aliases) in GENRES.items() for alias in (name, *aliases)}


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[sa.Engine]:
    found = catalogue_at(f"sqlite:///{tmp_path / 'catalogue.db'}")
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    folder = tmp_path_factory.mktemp("search")
    made = catalogue_at(f"sqlite:///{folder / 'catalogue.db'}")
    catch_up(made, folder)
    made.dispose()
    found = Finder(folder)
    found.refresh()
    return found


def names(finder: Finder, query: str, limit: int = 5) -> list[tuple[str, int | None]]:
    page = finder.find(Ask(query=query, limit=limit), GenreWords(NAMES))
    return [(item.title, item.year) for item in page.items]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("the matrix", ("The Matrix", 1999)),
        ("MATRIX", ("The Matrix", 1999)),
        ("matrix 2003", ("The Matrix Reloaded", 2003)),
        ("matirx", ("The Matrix", 1999)),
        ("godfather ii", ("The Godfather: Part II", 1974)),
        ("godfather part two", ("The Godfather: Part II", 1974)),
        ("der pate", ("The Godfather", 1972)),
        ("le parrain", ("The Godfather", 1972)),
        ("amelie", ("Amélie", 2001)),
        ("Amélie", ("Amélie", 2001)),
        ("fabuleux destin", ("Amélie", 2001)),
        ("alien", ("Alien", 1979)),
        ("alie", ("Alien", 1979)),
        ("heat", ("Heat", 1995)),
        ("heat 1986", ("Heat", 1986)),
        ("spiderman", ("Spider-Man", 2002)),
        ("spider man", ("Spider-Man", 2002)),
        ("spidr man", ("Spider-Man", 2002)),
        ("七人の侍", ("Seven Samurai", 1954)),
        ("матрица", ("The Matrix", 1999)),
        ("2001 a space odyssey", ("2001: A Space Odyssey", 1968)),
        ("2001 odisey", ("2001: A Space Odyssey", 1968)),
        ("blade runner 2049", ("Blade Runner 2049", 2017)),
        ("kubrick", ("2001: A Space Odyssey", 1968)),
        ("coppola 1974", ("The Godfather: Part II", 1974)),
        ("stanly kubrik", ("2001: A Space Odyssey", 1968)),
        ("toho", ("Seven Samurai", 1954)),
        ("the professional", ("Léon", 1994)),
        ("leon", ("Léon", 1994)),
        ("war horse", ("War Horse", 2011)),
        ("scary movie", ("Scary Movie", 2000)),
    ],
)
def test_known_films_come_first(finder: Finder, query: str, first: tuple[str, int]) -> None:
    assert names(finder, query)[:1] == [first]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("war", {("War Horse", 2011)}),
        ("comedy 2000", {("Scary Movie", 2000)}),
        ("horror", {("Alien", 1979), ("Scary Movie", 2000)}),
        ("sci-fi 1986", {("Aliens", 1986)}),
        ("romantic comedy", {("Amélie", 2001)}),
        ("komödie 1999", {("Matrimony", 1999)}),
        ("1999 science fiction", {("The Matrix", 1999)}),
        ("zzzzz", set()),
    ],
)
def test_genres_and_years_inside_a_query_filter(
    finder: Finder, query: str, expected: set[tuple[str, int]]
) -> None:
    assert set(names(finder, query)) == expected


def test_a_genre_that_is_a_title_too_is_read_both_ways(catalogue: sa.Engine, tmp_path: Path) -> None:
    with catalogue.begin() as connection:
        publish(
            connection,
            [Made(901, "Horror", 2010, ("Drama",), votes=400_000), Made(902, "Quiet", 1980, ("Horror",))],
        )
    catch_up(catalogue, tmp_path)
    found = Finder(tmp_path)
    found.refresh()
    assert names(found, "horror")[0] == ("Horror", 2010)
    assert ("Alien", 1979) in names(found, "horror")
    assert names(found, "horror 1979") == [("Alien", 1979)]
    assert names(found, "horror 2010") == [("Horror", 2010)]


@pytest.mark.parametrize("query", ["%", "*", '"', "\N{GRINNING FACE}", "- -"])
def test_signs_alone_find_nothing(finder: Finder, query: str) -> None:
    assert names(finder, query) == []


def test_a_word_that_is_begun_is_found_and_one_that_is_done_is_whole(finder: Finder) -> None:
    assert ("Matrimony", 1999) in names(finder, "matri")
    assert ("Aliens", 1986) not in names(finder, "alien ", 1)


def test_every_short_beginning_finds_every_film_with_such_a_word(finder: Finder) -> None:
    told = {film.number: _words(film) for film in FILMS if not film.adult}
    begun = {
        word[:letters] for words in told.values() for word in words for letters in range(1, BEGINNING + 2)
    }
    for beginning in begun - {fold(name) for name in NAMES}:
        page = finder.find(Ask(query=beginning, limit=100), GenreWords(NAMES))
        meant = (beginning, fold_numerals(beginning))  # vi is a viking or a six
        expected = {number for number, words in told.items() if any(word.startswith(meant) for word in words)}
        found = {int(item.id[2:]) for item in page.items}
        assert expected <= found, beginning
        assert len(beginning) > BEGINNING or found == expected, beginning


def _words(film: Made) -> set[str]:
    """List the folded words by which a film is found."""
    titles = [film.title, film.original or film.title, *(title for title, _ in film.others)]
    romanised = [way for title in titles for way in romanise(title)]
    folded = [*map(fold_title, (*titles, *romanised)), fold(film.director), fold(film.company)]
    folded += [fold(name) for name, _ in film.cast]
    return {word for value in folded for word in value.split()}


@pytest.fixture(scope="module")
def fords(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """Give a hundred titles with a word that is also a name."""
    folder = tmp_path_factory.mktemp("fords")
    films = [Made(200 + n, f"Ford {n}", 1950 + n % 40, ("Drama", "War")[: 1 + n % 2]) for n in range(100)]
    films += [Made(800, "Heat", 1995), Made(801, "Heater", 1996, ("War",)), Made(802, "Beat", 1997, ("War",))]
    films += [Made(900 + n, f"Stagecoach {n}", 1939, ("Action",), "John Ford") for n in range(3)]
    made = catalogue_at(f"sqlite:///{folder / 'catalogue.db'}", films)
    catch_up(made, folder)
    made.dispose()
    found = Finder(folder)
    found.refresh()
    return found


def test_names_are_looked_for_where_titles_fill_no_page(fords: Finder) -> None:
    def total(query: str, **filters: Any) -> int:
        return fords.find(Ask(query=query, **filters), GenreWords(NAMES)).total

    # Last names are looked for always, words of names ("john") where titles fill no page.
    assert (total("ford"), total("for"), total("john ford"), total("ford 1939")) == (103, 100, 3, 3)
    assert total("ford", wanted=(Wanted("genre", ((GENRE_IDS["Action"],),)),)) == 3


def test_a_facet_tells_what_its_filter_gives(fords: Finder) -> None:
    for query in ("ford", "for", "f", "john", "stage", "ford 1951", "frod", "heat"):
        page = fords.find(Ask(query=query), GenreWords(NAMES))
        assert page.total > 0
        for genre, count in page.genres:
            assert (
                fords.find(Ask(query=query, wanted=(Wanted("genre", ((genre,),)),)), GenreWords(NAMES)).total
                == count
            )
        for decade, count in page.decades:
            within = Ask(query=query, year_from=decade, year_to=decade + 9, facets=False)
            assert fords.find(within, GenreWords(NAMES)).total == count


@pytest.mark.parametrize(
    "query", ["the", "matrix", "godfather", "matirx", "science fiction", "kubrick", "1999", ""]
)
@pytest.mark.parametrize("year_from", [None, 1990])
def test_counts_are_those_of_the_index_whether_or_not_a_page_has_all_films(
    finder: Finder, query: str, year_from: int | None
) -> None:
    ask = Ask(query=query, year_from=year_from)
    whole = finder.find(msgspec.structs.replace(ask, limit=100), GenreWords(NAMES))
    assert len(whole.items) == whole.total
    for limit in (1, 2):
        page = finder.find(msgspec.structs.replace(ask, limit=limit), GenreWords(NAMES))
        if page.total == whole.total:
            assert (page.genres, page.decades) == (whole.genres, whole.decades)
        again = finder.find(
            msgspec.structs.replace(ask, limit=limit, cursor=page.cursor or ""), GenreWords(NAMES)
        )
        assert again.total == page.total


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60))
def test_no_query_is_too_odd(finder: Finder, query: str) -> None:
    page = finder.find(Ask(query=query, limit=3, facets=False), GenreWords(NAMES))
    assert page.total >= len(page.items)


LETTERS = st.sampled_from(" abcivxlABCé&$'’:,.-()²ßøœİıЖжΣς七のガ0129!") | st.sampled_from(
    [
        "The ",
        "Les",
        ", The",
        "L'",
        " II",
        " IV",
        "Part Two",
        "Dr.",
        "Vol. 3",
        "&amp;",
        " X",
        "&#39;",
        "&eacute",
    ]
)


@given(st.lists(LETTERS, max_size=25).map("".join))
def test_a_query_is_folded_as_titles_are(value: str) -> None:
    whole = pa.array([value], pa.string())
    assert fold(value) == text.fold(whole)[0].as_py()
    assert fold_title(value) == text.fold_title(whole)[0].as_py()


@given(
    st.tuples(st.integers(0, 2**31), st.integers(1, 2**31)),
    st.tuples(st.integers(0, 2**31), st.integers(1, 2**31)),
)
def test_sort_values_order_by_value_then_by_the_older_movie(
    left: tuple[int, int], right: tuple[int, int]
) -> None:
    assert (ordered(*left) > ordered(*right)) == ((left[0], -left[1]) > (right[0], -right[1]))


def test_following_gives_the_index_that_building_gives(catalogue: sa.Engine, tmp_path: Path) -> None:
    followed, built = tmp_path / "followed", tmp_path / "built"
    catch_up(catalogue, followed)
    at = "2026-11-10T08:00:00+00:00"
    with catalogue.begin() as connection:
        publish(
            connection, [msgspec.structs.replace(FILMS[0], title="Das Netz"), Made(900, "Zebra", 2020)], at
        )
        withdraw(connection, 12, at)
    latest = catch_up(catalogue, followed)
    assert build(catalogue, built) == latest
    used = current(followed)
    assert used is not None
    held = position(used)
    assert held is not None
    assert held.change == latest
    left, right = Finder(followed), Finder(built)
    for finder in (left, right):
        finder.refresh()
    for query in ("netz", "matrix", "zebra", "heat", "chronicle", "drama", ""):
        asked = Ask(query=query, limit=100)
        assert left.find(asked, GenreWords(NAMES)) == right.find(asked, GenreWords(NAMES))
    with catalogue.connect() as connection:
        assert connection.scalar(sa.select(checkpoints.c.position)) == latest


@pytest.mark.parametrize("damage", ["meta", "position", "pointer", "emptied"])
def test_a_damaged_index_is_built_anew(catalogue: sa.Engine, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "search"
    catch_up(catalogue, folder)
    used = current(folder)
    assert used is not None
    if damage == "meta":
        (used / "meta.json").write_text("{")
    elif damage == "position":
        (used / "position.json").write_text("?")
    elif damage == "pointer":
        (folder / "current").write_text("nowhere")
    else:
        for file in used.iterdir():
            file.unlink()
    with catalogue.begin() as connection:
        publish(connection, [Made(900, "Zebra", 2020)], "2026-11-10T08:00:00+00:00")
    catch_up(catalogue, folder)
    finder = Finder(folder)
    finder.refresh()
    assert names(finder, "zebra") == [("Zebra", 2020)]
    assert names(finder, "matrix", 1) == [("The Matrix", 1999)]


def test_a_host_has_one_indexer(tmp_path: Path) -> None:
    with indexer(tmp_path) as mine, indexer(tmp_path) as second:
        assert (mine, second) == (True, False)


def test_a_build_that_dies_leaves_the_old_index_in_use(catalogue: sa.Engine, tmp_path: Path) -> None:
    folder = tmp_path / "search"
    catch_up(catalogue, folder)
    used = current(folder)
    with catalogue.begin() as connection:
        connection.execute(sa.update(documents).where(documents.c.movie == 1).values(document="{"))
    with pytest.raises(msgspec.DecodeError):
        build(catalogue, folder)
    assert current(folder) == used
    finder = Finder(folder)
    finder.refresh()
    assert names(finder, "matrix", 1) == [("The Matrix", 1999)]


def test_la_is_an_article_or_los_angeles(tmp_path: Path) -> None:
    films = [
        Made(1, "L.A. Confidential", 1997, votes=500_000, popularity=40.0),
        Made(2, "Confidential", 1935, votes=50, popularity=1.0),
        Made(3, "La Dolce Vita", 1960, votes=70_000, popularity=20.0),
    ]
    made = catalogue_at(f"sqlite:///{tmp_path / 'catalogue.db'}", films)
    catch_up(made, tmp_path)
    made.dispose()
    finder = Finder(tmp_path)
    finder.refresh()
    for query, title in (
        ("la confidential", "L.A. Confidential"), ("L.A. Confidential", "L.A. Confidential"),
        ("LA Confidential", "L.A. Confidential"), ("la dolce vita", "La Dolce Vita"), ("dolce vita", "La Dolce Vita"),
    ):  # fmt: skip
        assert finder.find(Ask(query=query), GenreWords({})).items[0].title == title, query

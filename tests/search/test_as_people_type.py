"""What people type is understood: better known films, people, series, decades, ids, scripts, and odd input."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from moviec.catalog.rating_counts import Reach
from moviec.search import Ask, Finder
from moviec.search.index import catch_up
from moviec.search.readings import GenreWords, ids_in
from moviec.search.request import Wanted
from moviec.search.summaries import Film, Scale, prominence
from tests.web.catalogue import GENRE_IDS, GENRES, Made, catalogue_at

GENRE_WORDS = GenreWords(
    {alias: GENRE_IDS[name] for name, (_, aliases) in GENRES.items() for alias in (name, *aliases)}
)

FILMS = [
    Made(1, "The Lord of the Rings", 1978, ("Drama",), "Ralph Bakshi", votes=34_000, popularity=8.0),
    Made(2, "The Lord of the Rings: The Fellowship of the Ring", 2001, ("Action",), "Peter Jackson", votes=1_900_000, popularity=90.0),
    Made(3, "The Lord of the Rings: The Two Towers", 2002, ("Action",), "Peter Jackson", votes=1_700_000, popularity=80.0),
    Made(4, "The Lord of the Rings: The Return of the King", 2003, ("Action",), "Peter Jackson", votes=1_800_000, popularity=85.0),
    Made(5, "Horror", 2015, ("Drama",), votes=900, popularity=0.5),
    Made(6, "The Shining", 1980, ("Horror",), "Stanley Kubrick", votes=1_000_000, popularity=70.0),
    Made(7, "Hero", 1997, ("Drama",), votes=150, popularity=0.3),
    Made(8, "Hero", 2002, ("Action",), "Zhang Yimou", votes=180_000, popularity=30.0, others=(("英雄", "zh"),), original="英雄", original_language="zh"),
    Made(9, "León", 2013, ("Drama",), votes=22, popularity=0.1),
    Made(10, "Léon: The Professional", 1994, ("Action",), "Luc Besson", votes=1_200_000, popularity=60.0, original="Léon", original_language="fr"),
    Made(11, "Stanley Kubrick: A Life in Pictures", 2001, ("Drama",), "Jan Harlan", votes=12_000, popularity=5.0),
    Made(12, "Barry Lyndon", 1975, ("Drama",), "Stanley Kubrick", votes=170_000, popularity=20.0),
    Made(13, "Harry Potter and the Sorcerer's Stone", 2001, ("Action",), votes=800_000, popularity=75.0),
    Made(14, "Harry Potter and the Chamber of Secrets", 2002, ("Action",), votes=650_000, popularity=62.0),
    Made(15, "Harry Potter and the Prisoner of Azkaban", 2004, ("Action",), votes=700_000, popularity=64.0),
    Made(16, "Spirited Away", 2001, ("Action",), votes=800_000, popularity=66.0, original="千と千尋の神隠し", original_language="ja"),
    Made(17, "Aladdin", 1992, ("Comedy",), votes=450_000, popularity=50.0),
    Made(18, "Son of Alladin", 2003, ("Comedy",), votes=40, popularity=0.1),
    Made(19, "Grave of the Fireflies", 1988, ("Drama",), votes=300_000, popularity=35.0, others=(("Hotaru no haka", "ja"),)),
    Made(20, "Back to the Future", 1985, ("Comedy",), "Robert Zemeckis", votes=1_300_000, popularity=77.0),
    Made(21, "Kill Bill: Vol. 1", 2003, ("Action",), votes=1_200_000, popularity=61.0),
    Made(22, "The Fifth Element", 1997, ("Science Fiction",), votes=500_000, popularity=40.0),
    Made(23, "Taste of Cherry", 1997, ("Drama",), votes=35_000, popularity=6.0, original="طعم گيلاس", original_language="fa"),
    Made(24, "Star Wars", 1977, ("Science Fiction",), votes=1_400_000, popularity=88.0),
    Made(25, "The Empire Strikes Back", 1980, ("Science Fiction",), votes=1_350_000, popularity=86.0, others=(("Star Wars: Episode V - The Empire Strikes Back", "en"),)),
    Made(26, "Star Wars: Episode II - Attack of the Clones", 2002, ("Science Fiction",), votes=700_000, popularity=50.0),
    *(Made(100 + n, f"Long Day {n}", 1950 + n % 60, ("Drama",), votes=10 + n, popularity=0.01) for n in range(300)),
]  # fmt: skip


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    folder = tmp_path_factory.mktemp("typed")
    made = catalogue_at(f"sqlite:///{folder / 'catalogue.db'}", FILMS)
    catch_up(made, folder)
    made.dispose()
    found = Finder(folder)
    found.refresh()
    return found


def first(finder: Finder, query: str) -> tuple[str, int | None]:
    items = finder.find(Ask(query=query, limit=3), GENRE_WORDS).items
    return (items[0].title, items[0].year) if items else ("nothing", None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lord of the rings", ("The Lord of the Rings: The Fellowship of the Ring", 2001)),
        ("lord of the rings 1978", ("The Lord of the Rings", 1978)),
        ("lord of the rings 2", ("The Lord of the Rings: The Two Towers", 2002)),
        ("return of the king", ("The Lord of the Rings: The Return of the King", 2003)),
        ("horror", ("The Shining", 1980)),
        ("horror 2015", ("Horror", 2015)),
        ("hero", ("Hero", 2002)),
        ("hero 1997", ("Hero", 1997)),
        ("leon", ("Léon: The Professional", 1994)),
        ("stanley kubrick", ("The Shining", 1980)),
        ("kubrick", ("The Shining", 1980)),
        ("kubrick life in pictures", ("Stanley Kubrick: A Life in Pictures", 2001)),
        ("harry potter 3", ("Harry Potter and the Prisoner of Azkaban", 2004)),
        ("star wars 5", ("The Empire Strikes Back", 1980)),
        ("star wars episode 2", ("Star Wars: Episode II - Attack of the Clones", 2002)),
        ("star wars episode 5", ("The Empire Strikes Back", 1980)),
        ("harry potter trilogy", ("Harry Potter and the Sorcerer's Stone", 2001)),
        ("alladin", ("Aladdin", 1992)),
        ("lotr", ("The Lord of the Rings: The Fellowship of the Ring", 2001)),
        ("80s comedy", ("Back to the Future", 1985)),
        ("best comedies of the eighties", ("Back to the Future", 1985)),
        ("1980s horror movies", ("The Shining", 1980)),
        ("kill bill vol 1", ("Kill Bill: Vol. 1", 2003)),
        ("kill bill part 1", ("Kill Bill: Vol. 1", 2003)),
        ("5th element", ("The Fifth Element", 1997)),
        ("back to the future '85", ("Back to the Future", 1985)),
        ("back to the future 1986", ("Back to the Future", 1985)),
        ("神隠し", ("Spirited Away", 2001)),
        ("千と千尋", ("Spirited Away", 2001)),
        ("sen to chihiro no kamikakushi", ("Spirited Away", 2001)),
        ("火垂るの墓", ("Grave of the Fireflies", 1988)),
        ("ying xiong", ("Hero", 2002)),
        ("ta'm e guilass", ("Taste of Cherry", 1997)),
        ("tt0000020", ("Back to the Future", 1985)),
        ("TMDB:20", ("Back to the Future", 1985)),
        ("mc20", ("Back to the Future", 1985)),
        ("https://www.imdb.com/title/tt0000020/?ref_=nv", ("Back to the Future", 1985)),
        ('"back to the future"', ("Back to the Future", 1985)),
        ("back\tto the\nfuture", ("Back to the Future", 1985)),
        ("back to the future movie", ("Back to the Future", 1985)),
        ("tt9999999", ("nothing", None)),
        ("a" * 300, ("nothing", None)),
    ],
)  # fmt: skip
def test_what_people_type_finds_what_they_mean(finder: Finder, query: str, expected: tuple[str, int]) -> None:
    assert first(finder, query) == expected


def test_an_exact_title_leads_films_that_are_not_far_better_known(finder: Finder) -> None:
    assert first(finder, "barry lyndon") == ("Barry Lyndon", 1975)
    assert first(finder, "son of alladin") == ("Son of Alladin", 2003)


def test_pages_go_on_where_they_end_over_all_levels(finder: Finder) -> None:
    for query in ("the", "lord", "l", "day", "harry potter", "drama"):
        whole = finder.find(Ask(query=query, limit=100), GENRE_WORDS)
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None and len(seen) < 100:
            page = finder.find(Ask(query=query, limit=7, cursor=cursor), GENRE_WORDS)
            seen += [item.id for item in page.items]
            cursor = page.cursor
        assert len(seen) == len(set(seen))
        assert seen[: len(whole.items)] == [item.id for item in whole.items][: len(seen)]


def test_a_facet_tells_what_its_filter_gives_for_doubtful_words(finder: Finder) -> None:
    for query in ("alladin", "horror", "kubrick", "harry potter 3", "star wars", "harry poter"):
        page = finder.find(Ask(query=query), GENRE_WORDS)
        assert page.total > 0
        for genre, count in page.genres:
            assert (
                finder.find(Ask(query=query, wanted=(Wanted("genre", ((genre,),)),)), GENRE_WORDS).total
                == count
            ), query
        assert finder.find(Ask(query=query, sort="rating"), GENRE_WORDS).total == page.total, query


def test_better_known_compares_within_a_rater() -> None:
    def reach(most: int, *counts: int) -> Reach:
        return Reach((*counts, *[0] * (14 - len(counts))), most)

    scale = Scale({"imdb": reach(
                1_500_000,20_000, 18_000, 15_000, 12_000, 9_000, 6_000, 3_000, 1_000, 200, 30), "movielens": reach(330, 9_000, 4_000, 1_500, 200, 2)})  # fmt: skip

    def film(**votes: int) -> int:
        ratings = [{"rater": rater, "votes": count} for rater, count in votes.items()]
        return prominence(msgspec.convert({"id": "mc1", "title": "x", "ratings": ratings}, Film), scale)

    assert film(movielens=69) > film(imdb=34_000) > film(imdb=69)
    assert film(movielens=69, imdb=69) == film(movielens=69)
    assert film(imdb=1_000) > film(imdb=999) > film() == 0
    assert film(unheard_of=1_000_000) < film(imdb=69)


def test_of_two_films_that_nobody_rated_the_one_with_a_cast_is_meant() -> None:
    bare, told, listed = (
        msgspec.convert({"id": "mc1", "title": "No Time to Die", **more}, Film)
        for more in (
            {},
            {"people": [{"id": 1, "name": "Daniel Craig"}] * 3},
            {"ratings": [{"rater": "imdb"}]},
        )
    )
    assert prominence(bare, Scale()) < prominence(told, Scale()) < prominence(listed, Scale())


def test_a_rater_of_a_few_films_makes_nothing_well_known(tmp_path: Path) -> None:
    scale = Scale(
        {"imdb": Reach((20_000, 15_000, 9_000, 4_000, 900, *[0] * 9), 900), "club": Reach((10, *[0] * 13), 1)}
    )
    film = msgspec.convert({"id": "mc1", "title": "x", "ratings": [{"rater": "club", "votes": 1}]}, Film)
    assert prominence(film, scale) <= 350_000


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("TT0133093", ["imdb:tt0133093"]),
        ("tmdb:603", ["tmdb:603"]),
        ("mc12", ["mc:12"]),
        ("https://www.themoviedb.org/movie/603-the-matrix", ["tmdb:603"]),
        ("star wars: episode 4", []),
        ("alien:resurrection", ["alien:resurrection"]),
        ("matrix", []),
    ],
)
def test_ids_are_read(query: str, expected: list[str]) -> None:
    assert ids_in(query) == expected

"""Made-up films: equal for equal seeds, wherever the count ends; kin, fame and quality as films have them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import islice
from statistics import correlation, mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviec.synth.distortions import inverted, mistyped, renamed, respelled, without_accents
from moviec.synth.film import TMDB_GENRES, Film
from moviec.synth.invent import invent
from moviec.synth.provider import Chance


@pytest.fixture(scope="module")
def films() -> list[Film]:
    return list(invent(12_000, 1))


def test_a_film_depends_on_its_number_alone(films: list[Film]) -> None:
    assert list(invent(12_000, 1)) == films, "equal seeds, equal films"
    assert [film.title for film in invent(50, 1)] == [film.title for film in films[:50]]
    assert [film.title for film in invent(50, 2)] != [film.title for film in films[:50]]


def test_films_are_whole(films: list[Film]) -> None:
    assert [film.number for film in films] == list(range(1, 12_001))
    for ids in ("imdb", "tmdb", "movielens", "rottentomatoes", "wikidata"):
        assert len({getattr(film.ids, ids) for film in films}) == len(films)
    for film in films:
        assert film.title == film.title.strip() != ""
        assert dt.date(1900, 1, 1) < film.released < dt.date(2026, 1, 1)
        assert set(film.genres) <= TMDB_GENRES.keys() and film.genres
        assert film.directors and len(film.cast) >= 1
        assert len({person.id for person in film.cast}) == len(film.cast)
        assert (film.runtime <= 40) == (film.kind == "short")
        assert film.budget is None or film.budget > 0
        assert film.original_title is None or film.language != "en"


def test_a_sequel_keeps_its_makers_and_a_remake_only_its_title(films: list[Film]) -> None:
    sequels = [film for film in films if film.collection and film.title[-2:] in (" 2", " 3")]
    assert 0.04 < len(sequels) / len(films) < 0.1
    for film in sequels:
        root = films[film.number - 1 - 7 * (int(film.title[-1]) - 1)]
        assert film.title[:-2] == root.title
        assert film.collection == root.collection
        assert film.directors == root.directors
        assert film.released.year > root.released.year
    shared = Counter(film.title for film in films)
    remakes = [film for film in films if shared[film.title] > 1]
    assert 0.02 < len(remakes) / len(films) < 0.15


def test_people_make_several_films_and_companies_more(films: list[Film]) -> None:
    directors = Counter(person.id for film in films for person in film.directors)
    companies = Counter(company.id for film in films for company in film.companies)
    assert 2 < mean(directors.values()) < mean(companies.values())
    names = {person.id: person.name for film in films for person in film.cast}
    assert all(names[person.id] == person.name for film in films for person in film.cast)
    assert len(set(names.values())) > 0.9 * len(names)


def test_fame_is_heavy_tailed_and_the_two_panels_agree_in_part(films: list[Film]) -> None:
    votes = [film.votes for film in films]
    assert mean(votes) > 5 * median(votes)
    assert 0.6 < correlation([f.critics for f in films], [f.audience for f in films]) < 0.8


def test_films_come_one_by_one() -> None:
    assert [film.number for film in islice(invent(10**12, 1), 3)] == [1, 2, 3], (
        "none is kept, none made ahead"
    )


@given(st.text(max_size=40), st.integers(0, 1000))
def test_a_variant_is_another_spelling_or_the_same(title: str, seed: int) -> None:
    chance = Chance("spelling", seed)
    assert isinstance(respelled(title, chance), str)
    assert sorted(inverted(title).replace(",", "").split()) == sorted(title.replace(",", "").split())
    assert abs(len(mistyped(title, chance)) - len(title)) <= 1


@pytest.mark.parametrize(
    ("title", "filed"),
    [
        ("Les Misérables", "Misérables, Les"),
        ("The Kid", "Kid, The"),
        ("Thelma", "Thelma"),
        ("The", "The"),
        ("A", "A"),
    ],
)
def test_titles_are_filed_under_the_word_that_counts(title: str, filed: str) -> None:
    assert inverted(title) == filed


def test_accents_go_from_latin_letters_only() -> None:
    assert without_accents("Amélie Ångström") == "Amelie Angstrom"
    assert without_accents("ガラスの夜 й") == "ガラスの夜 й"


def test_names_shorten_as_people_shorten_them() -> None:
    seen = {renamed("Ana María Öst", Chance(n)) for n in range(20)}
    assert seen == {"Ana Maria Ost", "Ana Öst"}
    assert {renamed("Ana Öst", Chance(n)) for n in range(20)} == {"Ana Ost", "A. Öst"}
    assert renamed("Cher", Chance(1)) == "Cher"


def test_chance_is_uniform_and_depends_on_its_place() -> None:
    draws = [Chance("uniform", n).uniform() for n in range(2000)]
    assert 0.47 < mean(draws) < 0.53
    assert Chance(1, "a").uniform() == Chance(1, "a").uniform() != Chance(1, "b").uniform()
    chance = Chance("normal")
    drawn = [chance.normal() for _ in range(2000)]
    assert -0.1 < mean(drawn) < 0.1
    assert {chance.below(3) for _ in range(50)} == {0, 1, 2}

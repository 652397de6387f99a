"""The canonical genres: numbered for good, and every source's labels lead to one of them."""

from __future__ import annotations

import pytest

from moviec.fusion.genres import by_name, genres
from moviec.sources.registry import find_sources

SOURCES = find_sources()


def test_ids_are_numbered_from_one_and_names_and_aliases_name_one_genre_each() -> None:
    known = genres()
    assert [genre.id for genre in known] == list(range(1, len(known) + 1))
    spellings = [name.lower() for genre in known for name in (genre.name, *genre.aliases)]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize(("number", "name"), [(1, "Action"), (8, "Drama"), (24, "Science Fiction"), (33, "Animation"), (45, "Family"), (55, "TV Movie")])  # fmt: skip
def test_a_genre_keeps_its_number(number: int, name: str) -> None:
    assert genres()[number - 1].name == name


@pytest.mark.parametrize("source", SOURCES)
def test_every_genre_that_a_source_maps_to_is_in_the_list(source: str) -> None:
    spec = SOURCES[source].spec
    names = {genre.name: genre for genre in genres()}
    for label, meaning in spec.genres.items():
        assert {meaning.name, *meaning.alternatives} <= set(names), label
        assert meaning.facet == names[meaning.name].facet, label
    assert set(spec.unable) <= set(names)


def test_the_ids_of_tmdb_are_those_its_deliveries_use() -> None:
    mapped = SOURCES["kaggle"].spec.genres
    assert {str(each.id) for each in mapped.values()} == {
        genre.ids["tmdb"] for genre in genres() if genre.ids
    }
    for label, meaning in mapped.items():
        assert by_name()[label.lower()].ids["tmdb"] == str(meaning.id)

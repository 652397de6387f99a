"""The same person, the same company: known cases, and what holds whatever the credits are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.engine import DuckEngine
from moviec.matching.identity import keep_ids
from moviec.matching.parties import Parties, companies, company_names, credits_placed, people, person_names
from tests.engines import new_engine
from tests.examples import some

SPACES = {"imdb": "imdb", "kaggle": "tmdb", "tmdb": "tmdb"}
#: movie, source, key, name, role, and the year where it matters
Credit = tuple[int, str, str | None, str, str] | tuple[int, str, str | None, str, str, int | None]


class Found(NamedTuple):
    """Parties, and the party of each credit."""

    nodes: pa.Table
    names: pa.Table
    keys: pa.Table
    credits: pa.Table


Resolve = Callable[..., Found]

CREDITS = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(["imdb", "kaggle", "wikipedia"]),
        st.sampled_from(["1", "2", "3", None]),
        st.sampled_from(["Ann Lee", "A. Lee", "Ann B. Lee", "Bo Lee", "Cher"]),
        st.sampled_from(["director", "actor"]),
        st.sampled_from([None, 1915, 1940, 1990, 2020]),
    ),
    max_size=14,
    unique=True,
)


def table(credits: Sequence[Credit]) -> pa.Table:
    names = ("movie", "source", "key", "name", "role", "year")
    types = (pa.int64(), *[pa.string()] * 4, pa.int64())
    columns = [pa.array([(*row, None)[at] for row in credits], kind) for at, kind in enumerate(types)]
    return pa.table(dict(zip(names, columns, strict=True)))


def together(engine: DuckEngine, found: Parties) -> Found:
    return Found(found.nodes, found.names, found.keys, credits_placed(engine))


@pytest.fixture(scope="module")
def calculator() -> Iterator[DuckEngine]:
    with new_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def persons(calculator: DuckEngine) -> Resolve:
    def resolve(*credits: Credit) -> Found:
        calculator.register("credits", table(credits))
        return together(calculator, people(calculator, "credits", SPACES))

    return resolve


@pytest.fixture(scope="module")
def studios(calculator: DuckEngine) -> Resolve:
    def resolve(*credits: tuple[int, str, str | None, str]) -> Found:
        calculator.register(
            "credits", table([(*credit, "") for credit in credits]).drop_columns(["role", "year"])
        )
        return together(calculator, companies(calculator, "credits", SPACES))

    return resolve


def parties(found: Found) -> dict[Any, int]:
    """Give the party of every credit, by movie, source, key and name."""
    return {
        (row["movie"], row["source"], row["key"] or None, row["name"]): row["party"]
        for row in found.credits.to_pylist()
    }


def count(found: Found) -> int:
    return len(set(found.credits["party"].to_pylist()))


def test_a_shared_film_joins_keys_of_two_spaces(persons: Resolve) -> None:
    found = persons(
        (1, "imdb", "nm1", "Benicio del Toro", "actor"), (1, "kaggle", "9", "Benicio Del Toro", "actor")
    )
    assert count(found) == 1
    assert [(row["space"], row["key"]) for row in found.keys.to_pylist()] == [("imdb", "nm1"), ("tmdb", "9")]


def test_without_a_shared_film_the_only_ones_of_a_name_and_trade_are_one_person(persons: Resolve) -> None:
    """Spielberg directs at IMDb and produces at TMDB; a third list, without keys, says that he acts."""
    name = "Steven Spielberg"
    director = (1, "imdb", "nm229", name, "director", 1993)
    producer = (2, "kaggle", "488", name, "producer", 1995)
    assert count(persons(director, producer, (3, "wikipedia", None, name, "actor", 1996))) == 1
    other_trade = (2, "kaggle", "9", name, "composer", 1995)
    namesake = (4, "imdb", "nm9", name, "writer", 1994)
    long_after = (2, "kaggle", "488", name, "producer", 2050)
    for rest in ([other_trade], [producer, namesake], [long_after]):
        assert count(persons(director, *rest)) == len(rest) + 1
    assert count(persons((1, "imdb", "1", "Cher", "actor"), (2, "kaggle", "2", "Cher", "actor"))) == 2


def test_a_name_without_a_key_goes_to_the_one_of_its_trade(persons: Resolve) -> None:
    found = parties(
        persons(
            (1, "imdb", "nm1", "Brad Pitt", "director", 2006),
            (2, "kaggle", "287", "Brad Pitt", "actor", 1995),
            (3, "wikipedia", None, "Brad Pitt", "actor", 1999),
        )
    )
    assert found[3, "wikipedia", None, "Brad Pitt"] == found[2, "kaggle", "287", "Brad Pitt"]
    assert found[1, "imdb", "nm1", "Brad Pitt"] != found[2, "kaggle", "287", "Brad Pitt"]


def test_an_actor_of_long_ago_is_no_director_of_today(persons: Resolve) -> None:
    name = "Steve McQueen"
    acted_in = [(year, "wikipedia", None, name, "actor", year) for year in range(1958, 1981, 4)]
    assert count(persons(*acted_in, (1, "imdb", "nm2588606", name, "director", 2008))) == 2
    assert count(persons(*acted_in, (1, "imdb", "nm2588606", name, "director", 2000))) == 1
    assert count(persons(*acted_in[-2:], (1, "imdb", "nm2588606", name, "director", 2008))) == 1


def test_two_keys_of_one_space_are_two_people_and_films_say_who_is_who(persons: Resolve) -> None:
    found = parties(
        persons(
            *((movie, "imdb", "nm1", "Ann Lee", "actor") for movie in (1, 2)),
            (3, "imdb", "nm2", "Ann Lee", "actor"),
            (3, "kaggle", "8", "Ann Lee", "actor"),
            (1, "kaggle", "9", "Ann Lee", "actor"),
        )
    )
    assert found[1, "imdb", "nm1", "Ann Lee"] == found[1, "kaggle", "9", "Ann Lee"]
    assert found[3, "imdb", "nm2", "Ann Lee"] == found[3, "kaggle", "8", "Ann Lee"]
    assert len(set(found.values())) == 2


def test_more_shared_films_outweigh_fewer(persons: Resolve) -> None:
    shared = [(movie, "imdb", "nm1", "Ann Lee", "actor") for movie in (1, 2, 3)]
    found = parties(
        persons(
            *shared,
            (1, "kaggle", "8", "Ann Lee", "actor"),
            *((movie, "kaggle", "9", "Ann Lee", "actor") for movie in (2, 3)),
        )
    )
    assert found[2, "kaggle", "9", "Ann Lee"] == found[1, "imdb", "nm1", "Ann Lee"]
    assert found[1, "kaggle", "8", "Ann Lee"] != found[1, "imdb", "nm1", "Ann Lee"]


def test_a_film_with_two_of_one_name_says_nothing(persons: Resolve) -> None:
    both = [(1, "imdb", "nm1", "Ann Lee", "actor"), (1, "imdb", "nm2", "Ann Lee", "actor")]
    assert count(persons(*both, (1, "kaggle", "9", "Ann Lee", "actor"))) == 3


def test_sources_of_one_space_share_its_keys_whatever_the_name(persons: Resolve) -> None:
    assert (
        count(persons((1, "kaggle", "9", "Ann Lee", "actor"), (2, "tmdb", "9", "Ann Lee-Roe", "writer"))) == 1
    )


@pytest.mark.parametrize("other", ["S. Jackson", "Samuel Jackson", "S.L. Jackson"])
def test_another_spelling_in_the_same_role_of_the_same_film_joins(persons: Resolve, other: str) -> None:
    one = (1, "imdb", "nm1", "Samuel L. Jackson", "actor")
    assert count(persons(one, (1, "kaggle", "9", other, "actor"))) == 1
    assert count(persons(one, (1, "kaggle", "9", other, "writer"))) == 2
    assert count(persons(one, (2, "kaggle", "9", other, "actor"))) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [("Joel Coen", "James Coen"), ("Robert Downey Jr.", "Robert Downey"), ("Dru Joyce II", "Dru Joyce III"), ("Cher", "Chér Roe")],
)  # fmt: skip
def test_kin_and_namesakes_stay_apart(persons: Resolve, one: str, other: str) -> None:
    assert count(persons((1, "imdb", "nm1", one, "actor"), (1, "kaggle", "9", other, "actor"))) == 2


def test_a_credit_without_a_key_goes_to_the_one_in_the_film(persons: Resolve) -> None:
    keyed = [(1, "imdb", "nm1", "Ann Lee", "actor"), (2, "imdb", "nm2", "Ann Lee", "actor")]
    names = [(movie, "wikipedia", None, "Ann Lee", "actor") for movie in (1, 2, 3)]
    found = parties(persons(*keyed, *names))
    assert found[1, "wikipedia", None, "Ann Lee"] == found[1, "imdb", "nm1", "Ann Lee"]
    assert found[2, "wikipedia", None, "Ann Lee"] == found[2, "imdb", "nm2", "Ann Lee"]
    assert found[3, "wikipedia", None, "Ann Lee"] not in {found[1, "imdb", "nm1", "Ann Lee"], found[2, "imdb", "nm2", "Ann Lee"]}  # fmt: skip


def test_a_credit_without_a_key_goes_to_the_only_one_of_its_name(persons: Resolve) -> None:
    assert (
        count(persons((1, "imdb", "nm1", "Ann Lee", "actor"), (9, "wikipedia", None, "Ann Lee", "actor")))
        == 1
    )
    assert (
        count(persons((8, "table", None, "Ann Lee", "actor"), (9, "wikipedia", None, "Ann Lee", "writer")))
        == 1
    )


def test_a_spelling_that_a_film_explains_is_explained_everywhere(persons: Resolve) -> None:
    one = (1, "imdb", "nm1", "Samuel L. Jackson", "actor")
    names = [(movie, "wikipedia", None, "Samuel Jackson", "actor") for movie in (1, 2)]
    assert count(persons(one, *names)) == 1
    assert count(persons(one, names[1])) == 2


def test_the_main_name_is_the_commonest_spelling_then_the_first_in_the_alphabet(persons: Resolve) -> None:
    found = persons(
        *((movie, "imdb", "nm1", "Zoe Saldana", "actor") for movie in (1, 2)),
        (1, "kaggle", "9", "Zoë Saldaña", "actor"),
    )
    assert [(row["name"], row["films"], row["main"]) for row in found.names.to_pylist()] == [
        ("Zoe Saldana", 2, True),
        ("Zoë Saldaña", 1, False),
    ]
    tie = persons((1, "imdb", "nm1", "Zoë", "actor"), (1, "kaggle", "9", "Zoe", "actor"))
    assert tie.names.filter(tie.names["main"])["name"].to_pylist() == ["Zoe"]


def test_companies_of_one_name_are_one_but_for_the_legal_form(studios: Resolve) -> None:
    found = studios(
        (1, "kaggle", "5", "Columbia Pictures"),
        (2, "kaggle", "441", "Columbia Pictures Corporation"),
        (3, "kaggle", "12", "Samuel Goldwyn Company, The"),
        (4, "kaggle", "13", "The Samuel Goldwyn Company"),
        (5, "rottentomatoes", None, "Columbia Pictures, Inc."),
    )
    assert count(found) == 2


def test_companies_that_one_film_lists_side_by_side_are_two(studios: Resolve) -> None:
    side_by_side = [
        (1, "kaggle", "41", "Amber Pictures"),
        (1, "kaggle", "14150", "Amber Pictures Corporation"),
    ]
    assert count(studios(*side_by_side)) == 2


def test_the_known_names_of_a_studio_are_one_whatever_a_film_lists(studios: Resolve) -> None:
    found = studios(
        (1, "kaggle", "6194", "Warner Bros."),
        (2, "kaggle", "6194", "Warner Bros."),
        (3, "kaggle", "4051", "Warner Brothers/Seven Arts"),
        (4, "kaggle", "2785", "Warner Bros. Animation"),
        (4, "kaggle", "3592", "Warner Bros. Family Entertainment"),
        (5, "kaggle", "43", "Fox Searchlight Pictures"),
        (5, "kaggle", "306", "Twentieth Century Fox Film Corporation"),
        (6, "wikipedia", None, "20th Century Fox"),
        (7, "kaggle", "9", "Warner Independent Pictures"),
    )
    of = {row["name"]: row["party"] for row in found.credits.to_pylist()}
    warners = {of[name] for name in of if name.startswith("Warner B")}
    assert len(warners) == 1 and of["Warner Independent Pictures"] not in warners
    assert of["20th Century Fox"] == of["Twentieth Century Fox Film Corporation"]
    assert of["Fox Searchlight Pictures"] != of["20th Century Fox"]
    [main] = [row["name"] for row in found.names.to_pylist() if row["party"] in warners and row["main"]]
    assert main == "Warner Bros."


def test_trade_words_and_short_forms_need_films(studios: Resolve) -> None:
    studio = [(movie, "kaggle", "6194", "Harbour Bros.") for movie in (1, 2)]
    other = [(movie, "rottentomatoes", None, "Harbour Brothers Pictures") for movie in (1, 2)]
    assert count(studios(*studio, *other)) == 1
    assert count(studios(*studio, other[0])) == 2
    assert count(studios((1, "kaggle", "2", "Ann Linden Pictures"), (2, "kaggle", "3166", "Ann Linden Productions"))) == 2  # fmt: skip


def test_a_name_that_fits_two_companies_makes_them_no_one(studios: Resolve) -> None:
    keyed = [
        *((movie, "kaggle", "2", "Ann Linden Pictures") for movie in (1, 2)),
        *((movie, "kaggle", "3166", "Ann Linden Productions") for movie in (3, 4)),
    ]
    found = studios(*keyed, *((movie, "wikidata", "Q1", "Ann Linden") for movie in (1, 2, 3, 4)))
    assert count(found) == 2


def test_a_short_form_of_two_companies_goes_by_the_film(studios: Resolve) -> None:
    keyed = [(movie, "kaggle", key, name) for key, name, movies in (("1", "Apollo Films", (1, 2)), ("2", "Apollo Pictures", (3, 4))) for movie in movies]  # fmt: skip
    found = parties(
        studios(*keyed, *((movie, "rottentomatoes", None, "Apollo Inc.") for movie in (1, 2, 3, 4, 9)))
    )
    for movie in (1, 2):
        assert found[movie, "rottentomatoes", None, "Apollo Inc."] == found[1, "kaggle", "1", "Apollo Films"]
    for movie in (3, 4):
        assert (
            found[movie, "rottentomatoes", None, "Apollo Inc."] == found[3, "kaggle", "2", "Apollo Pictures"]
        )
    assert len(set(found.values())) == 3


def test_parties_keep_their_ids_when_another_source_arrives(persons: Resolve) -> None:
    first: list[Credit] = [
        (1, "wikipedia", None, "Ann Lee", "actor"),
        (2, "kaggle", "9", "Bo Roe", "actor"),
        (3, "kaggle", "8", "Bo Roe", "actor"),
    ]
    nothing = pa.table({name: pa.array([], pa.string()) for name in ("space", "key", "name")} | {"id": pa.array([], pa.int64())})  # fmt: skip
    before = keep_ids(_clustered(persons(*first)), nothing, 1)
    imdb = [(1, "imdb", "nm1", "Ann Lee", "actor"), (3, "imdb", "nm3", "Bo Roe", "actor")]
    after = keep_ids(_clustered(persons(*first, *imdb)), before.members, before.next_id)
    ids = {(row["space"], row["key"]): row["id"] for row in after.members.to_pylist()}
    old = {(row["space"], row["key"]): row["id"] for row in before.members.to_pylist()}
    assert ids["tmdb", "8"] == ids["imdb", "nm3"] == old["tmdb", "8"]
    assert ids["tmdb", "9"] == old["tmdb", "9"]
    assert ids["", ""] == ids["imdb", "nm1"] == old["", ""]
    assert after.merged.num_rows == len(after.withdrawn) == 0


def _clustered(found: Found) -> pa.Table:
    return found.nodes.rename_columns(["space", "key", "name", "cluster"])


def test_names_are_folded_as_the_trade_writes_them() -> None:
    names = pa.array(["The Ann Linden Company", "Toei Co., Ltd.", "El Deseo S.A.", "Limited", "20th Century Swan Film Corp.", "+"])  # fmt: skip
    folded = company_names(names)
    assert folded["folded"].to_pylist() == [
        "annlinden",
        "toei",
        "eldeseo",
        "limited",
        "20thcenturyswanfilm",
        "+",
    ]
    assert folded["short"].to_pylist()[4] == "twentiethcenturyswan"
    short = person_names(pa.array(["Robert Downey Jr.", "Cher", "宮崎 駿", "Coen, Joel"]))["short"]
    assert short.to_pylist() == ["r downey jr", None, "宮 駿", "j coen"]


def acted(name: str, *years: int, source: str = "wikipedia", key: str | None = None) -> list[Credit]:
    """Give a name a film in each of some years, the same film in the same year."""
    return [(year, source, key, name, "actor", year) for year in years]


def people_of(found: Found) -> list[list[int]]:
    """Give the years of each person's films, person by person."""
    years = defaultdict(set)
    for row in found.credits.to_pylist():
        years[row["party"]].add(row["year"])
    return sorted(sorted(some) for some in years.values())


FORD = [1917, 1927, 1967, 1985, 2020]


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        (FORD, [[1917, 1927], [1967, 1985, 2020]]),  # a gap of 40 years in 106
        ([1942, 2001], [[1942, 2001]]),  # one of 59 in 59
        ([1942, 2002], [[1942], [2002]]),
        ([1926, 1959, 2001], [[1926, 1959, 2001]]),  # 75 years of films
        ([1926, 1958, 1990, 2014], [[1926, 1958, 1990, 2014]]),  # 88 years without a gap
    ],
)
def test_one_name_is_several_people_where_no_career_has_such_gaps(
    persons: Resolve, years: list[int], expected: list[list[int]]
) -> None:
    assert people_of(persons(*acted("Harrison Ford", *years))) == expected


def test_a_film_in_between_joins_and_the_ids_of_providers_decide_first(persons: Resolve) -> None:
    assert people_of(persons(*acted("Ann Lee", 1917, 1947, 1997, 2020))) == [[1917, 1947], [1997, 2020]]
    assert people_of(persons(*acted("Ann Lee", 1917, 1947, 1972, 1997, 2020))) == [
        [1917, 1947, 1972, 1997, 2020]
    ]
    keyed = acted("Ann Lee", 1917, 2020, source="imdb", key="nm1")
    assert people_of(persons(*keyed, *acted("Ann Lee", 1919, 2018))) == [[1917, 1919, 2018, 2020]]
    late = acted("Ann Lee", 2020, source="imdb", key="nm1")
    found = persons(
        *late, *acted("Ann Lee", 1919, 2018, 2020), (5, "wikipedia", None, "Ann Lee", "actor", None)
    )
    assert count(found) == 2
    assert parties(found)[5, "wikipedia", None, "Ann Lee"] == parties(found)[2020, "imdb", "nm1", "Ann Lee"]


def test_companies_live_longer(studios: Resolve) -> None:
    assert count(studios((1, "own", None, "Gaumont"), (2, "own", None, "Gaumont"))) == 1


def test_namesakes_keep_their_ids_when_films_come(persons: Resolve) -> None:
    nothing = pa.table({name: pa.array([], pa.string()) for name in ("space", "key", "name")} | {"id": pa.array([], pa.int64())})  # fmt: skip
    late, early = [1967, 1977, 2005, 2023], [1917, 1927]
    ledger, first = nothing, 1
    ids: dict[int, set[int]] = defaultdict(set)
    for years in (late, late + early, late + early + [1919], late + early + [1912, 1931], [2023, *early, 1919, 1921, 1926]):  # fmt: skip
        found = persons(*acted("Harrison Ford", *years))
        kept = keep_ids(_clustered(found), ledger, first)
        ledger, first = pa.concat_tables([kept.members, kept.gone]), kept.next_id
        named = {(row["space"], row["key"], row["name"]): row["id"] for row in kept.members.to_pylist()}
        of_party = {row["party"]: named[row["space"], row["key"], row["name"]] for row in found.nodes.to_pylist()}  # fmt: skip
        for row in found.credits.to_pylist():
            ids[row["year"]].add(of_party[row["party"]])
    assert {year: some for year, some in ids.items() if year < 1940} == {year: {2} for year in ids if year < 1940}  # fmt: skip
    assert {year: some for year, some in ids.items() if year > 1940} == {year: {1} for year in ids if year > 1940}  # fmt: skip


def test_names_and_sources_may_be_unknown_or_absent(persons: Resolve) -> None:
    assert count(persons((1, "own", "7", "Ann Lee", "actor"), (1, "kaggle", "7", "Bo Roe", "actor"))) == 2
    assert persons().nodes.num_rows == 0


@settings(deadline=None, max_examples=some(25))
@given(CREDITS, st.randoms(use_true_random=False))
def test_whatever_the_credits(persons: Resolve, credits: list[Credit], random: Random) -> None:
    found = persons(*credits)
    shuffled = list(credits)
    random.shuffle(shuffled)
    again = persons(*shuffled)
    assert all(getattr(found, name).equals(getattr(again, name)) for name in Found._fields)
    of_key: dict[tuple[str, str], set[int]] = defaultdict(set)
    keys: dict[tuple[int, str], set[str]] = defaultdict(set)
    for row in found.keys.to_pylist():
        of_key[row["space"], row["key"]].add(row["party"])
        keys[row["party"], row["space"]].add(row["key"])
    assert all(len(some) == 1 for some in of_key.values()), "a key is one person"
    assert all(len(some) == 1 for some in keys.values()), "two keys of one space are two people"
    assert set(parties(found)) == {credit[:4] for credit in credits}
    assert None not in found.credits["party"].to_pylist()
    assert set(found.nodes["party"].to_pylist()) == set(found.names["party"].to_pylist())


@settings(deadline=None, max_examples=some(10))
@given(CREDITS, CREDITS)
def test_credits_that_share_no_name_key_or_film_do_not_meddle(
    persons: Resolve, one: list[Credit], other: list[Credit]
) -> None:
    """What hangs together can be resolved on its own: the same groups come out."""
    apart = [
        (movie + 10, source, key and f"x{key}", f"{name}son", role, *year)
        for movie, source, key, name, role, *year in other
    ]
    alone, together = parties(persons(*one)), parties(persons(*one, *apart))
    assert {(a, b) for a in alone for b in alone if alone[a] == alone[b]} == {
        (a, b) for a in alone for b in alone if together[a] == together[b]
    }

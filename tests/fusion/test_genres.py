"""Genres: what was said, what could not have been said, and what a composite leaves open."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moviec.engine import DuckEngine, Limits
from moviec.fusion.genres import SHOWN, GenreInput, GenreModel, decide, fit_genres, open_labels

#: Every film is a Feature, so that no source has an empty list, which would read as not knowing the film.
TRUE_SHARE = {"Feature": 1.0, "Drama": 0.5, "Comedy": 0.3, "Thriller": 0.2, "Mystery": 0.08, "Biography": 0.1}

#: Labels that the careful source gives at most, in the order above.
MOST = 4

#: source: chance of saying a true genre, and one that is not
HABITS = {
    "careful": (0.9, 0.01),
    "lavish": (0.95, 0.25),
    "short": (0.6, 0.02),
    "loose": (0.7, 0.35),
    "vague": (0.5, 0.3),
}


def meanings(*extra: tuple[str, str, tuple[str, ...]]) -> pa.Table:
    rows = [
        {"source": source, "label": genre, "genre": genre, "facet": "genre", "parts": 1}
        for source in HABITS
        for genre in TRUE_SHARE
        if (source, genre) != ("short", "Biography")
    ]
    for source, label, parts in extra:
        rows += [
            {"source": source, "label": label, "genre": part, "facet": "genre", "parts": len(parts)}
            for part in parts
        ]
    return pa.Table.from_pylist(rows)


LIMITS = pa.table({"source": ["careful"], "most": [MOST]})


def world(films: int = 4000) -> tuple[list[dict[str, str]], set[tuple[str, str]]]:
    random = np.random.default_rng(11)
    labels: list[dict[str, str]] = []
    truth = set()
    for film in range(films):
        movie = f"m{film:05}"
        careful = 0
        for genre, share in TRUE_SHARE.items():
            true = random.random() < share
            if true:
                truth.add((movie, genre))
            for source, (sensitivity, false_alarm) in HABITS.items():
                said = genre == "Feature" or random.random() < (sensitivity if true else false_alarm)
                careful += said and source == "careful"
                cut = source == "careful" and careful > MOST
                if said and not cut and (source, genre) != ("short", "Biography"):
                    labels.append({"movie": movie, "source": source, "label": genre})
    return labels, truth


@pytest.fixture(scope="module")
def made_up() -> tuple[list[dict[str, str]], set[tuple[str, str]]]:
    return world()


def run(
    labels: list[dict[str, str]], known: pa.Table, limits: Limits | None = None
) -> tuple[GenreModel, pa.Table]:
    with DuckEngine(limits) as engine:
        data = GenreInput(pa.Table.from_pylist(labels), known, LIMITS)
        sources = tuple(sorted({str(name) for name in data.labels.column("source").to_pylist()}))
        open_labels(engine, data, sources)
        model = fit_genres(engine, sources)
        decide(engine, model, sources)
        return model, engine.query(
            "SELECT movie, genre, facet, millionths FROM genre_truth ORDER BY movie, genre"
        )


def chances(table: pa.Table) -> dict[tuple[str, str], float]:
    return {(row["movie"], row["genre"]): row["millionths"] / 1e6 for row in table.to_pylist()}


def test_habits_and_shares_are_those_that_made_the_labels(
    made_up: tuple[list[dict[str, str]], set[tuple[str, str]]],
) -> None:
    model, _ = run(made_up[0], meanings())
    for genre in ("Drama", "Comedy", "Thriller"):
        assert model.shares[genre] == pytest.approx(TRUE_SHARE[genre], abs=0.05)
    found = {(habit.source, habit.genre): habit for habit in model.habits}
    assert found["lavish", "Comedy"].false[0] == pytest.approx(0.25, abs=0.05)
    assert found["careful", "Comedy"].true[0] == pytest.approx(0.9, abs=0.06)
    assert found["short", "Comedy"].true[0] == pytest.approx(0.6, abs=0.06)


def test_truth_is_nearer_than_a_majority_vote(
    made_up: tuple[list[dict[str, str]], set[tuple[str, str]]],
) -> None:
    labels, truth = made_up
    told = {key for key, chance in chances(run(labels, meanings())[1]).items() if chance >= 0.5}
    votes: dict[tuple[str, str], int] = {}
    for row in labels:
        votes[row["movie"], row["label"]] = votes.get((row["movie"], row["label"]), 0) + 1
    majority = {key for key, count in votes.items() if 2 * count > len(HABITS)}

    def f1(said: set[tuple[str, str]]) -> float:
        rest, true = ({key for key in keys if key[1] != "Feature"} for keys in (said, truth))
        return 2 * len(rest & true) / (len(rest) + len(true))

    assert f1(told) > f1(majority) + 0.02


def test_a_source_without_the_genre_does_not_deny_it(
    made_up: tuple[list[dict[str, str]], set[tuple[str, str]]],
) -> None:
    labels = made_up[0] + [
        {"movie": "alone", "source": "careful", "label": "Biography"},
        {"movie": "unable", "source": "careful", "label": "Biography"},
        {"movie": "unable", "source": "short", "label": "Drama"},
        {"movie": "denied", "source": "careful", "label": "Biography"},
        {"movie": "denied", "source": "lavish", "label": "Drama"},
    ]
    told = chances(run(labels, meanings())[1])
    assert told["alone", "Biography"] == told["unable", "Biography"] > told["denied", "Biography"]


def test_a_full_list_denies_less_than_one_with_room(
    made_up: tuple[list[dict[str, str]], set[tuple[str, str]]],
) -> None:
    room = ("Feature", "Drama", "Comedy")
    extra = [
        {"movie": movie, "source": "careful", "label": label}
        for movie, labels in (("full", (*room, "Thriller")), ("room", room))
        for label in labels
    ]
    extra += [{"movie": movie, "source": "lavish", "label": "Mystery"} for movie in ("full", "room")]
    told = chances(run(made_up[0] + extra, meanings())[1])
    assert told["full", "Mystery"] > told["room", "Mystery"]


def test_a_composite_says_at_least_one_of_its_parts(
    made_up: tuple[list[dict[str, str]], set[tuple[str, str]]],
) -> None:
    known = meanings(("tomatoes", "Mystery & Suspense", ("Mystery", "Thriller")))
    extra = [
        {"movie": movie, "source": "tomatoes", "label": "Mystery & Suspense"} for movie in ("both", "told")
    ]
    extra += [{"movie": "told", "source": "careful", "label": "Mystery"}]
    told = chances(run(made_up[0] + extra, known)[1])
    assert told["both", "Thriller"] > told["both", "Mystery"] > TRUE_SHARE["Mystery"]
    assert 1 - (1 - told["both", "Thriller"]) * (1 - told["both", "Mystery"]) > 0.8
    assert told["told", "Mystery"] > 0.9 > SHOWN / 1e6 > told["told", "Thriller"]


def test_order_and_threads_do_not_matter(made_up: tuple[list[dict[str, str]], set[tuple[str, str]]]) -> None:
    one = run(made_up[0], meanings(), Limits(threads=1))
    other = run(made_up[0][::-1], meanings(), Limits(threads=2))
    assert one[0] == other[0] and one[1].equals(other[1])

"""The canonical genres, and which of them a film truly has, by a latent truth model over each source's labels.

genres.toml lists the genres: ids that are never renumbered, names, facets, aliases, ids at sources. Every (film, genre) is true
or not; a source says it, is silent, or is silent with its list full, each with a probability that depends on the truth and is
learned per source and genre by expectation-maximisation (Dawid and Skene 1979; the two kinds of error as in Zhao et al., "A
Bayesian approach to discovering truth", 2012). A source that does not know the film or lacks the genre says nothing about it; a
composite label is read as at least one of its parts. Returns the table `genre_truth` (movie, genre, facet, millionths, shown).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.fusion.source_facts import SourceFacts
from moviec.rating.model import Floats
from moviec.sql import materialize, read_sql, run, view

Facet = Literal["genre", "form", "audience", "format"]

_MEANINGS: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("label", pa.string()),
    ("genre", pa.string()),
    ("facet", pa.string()),
    ("parts", pa.int64()),
]
#: What a source's label means: one row per genre it may name; `parts` of them, more than one for a composite.
MEANINGS = pa.schema(_MEANINGS)


class Genre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One canonical genre; `ids` are its ids at other sources, by their names (tmdb: "16")."""

    id: int
    name: str
    facet: Facet
    aliases: tuple[str, ...] = ()
    ids: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    genre: tuple[Genre, ...]


@cache
def genres() -> tuple[Genre, ...]:
    """Read the canonical genres, once, in order of id."""
    text = resources.files("moviec.fusion").joinpath("genres.toml").read_bytes()
    return msgspec.toml.decode(text, type=_File).genre


def by_name() -> dict[str, Genre]:
    """Return every genre by its name and aliases in lower case; a name takes precedence over an alias."""
    aliases = {alias.lower(): genre for genre in genres() for alias in genre.aliases}
    return aliases | {genre.name.lower(): genre for genre in genres()}


def meanings(sources: Iterable[SourceFacts]) -> pa.Table:
    """Return what every label of the sources means (MEANINGS columns; labels in lower case).

    A source that maps no labels uses the canonical names and aliases. Names outside the list mean nothing.
    """
    known = by_name()
    rows = []
    for source in sources:
        maps = source.genres or {name: (genre.name,) for name, genre in known.items()}
        for label, names in maps.items():
            parts = [known[name.lower()] for name in names if name.lower() in known]
            rows += [
                {
                    "source": source.name,
                    "label": label.lower(),
                    "genre": part.name,
                    "facet": part.facet,
                    "parts": len(parts),
                }
                for part in parts
                if part.name not in source.unable
            ]
    return pa.Table.from_pylist(rows, MEANINGS)


def limits(sources: Iterable[SourceFacts]) -> pa.Table:
    """Return the sources whose genre lists are cut off: source, most."""
    capped = [source for source in sources if source.genre_limit]
    columns = {
        "source": pa.array([source.name for source in capped], pa.string()),
        "most": pa.array([source.genre_limit for source in capped], pa.int64()),
    }
    return pa.table(columns)


def genre_table() -> pa.Table:
    """Return the canonical genres as a table: genre (id), name, facet."""
    known = genres()
    columns = {
        "genre": pa.array([genre.id for genre in known], pa.int64()),
        "name": pa.array([genre.name for genre in known], pa.string()),
        "facet": pa.array([genre.facet for genre in known], pa.string()),
    }
    return pa.table(columns)


_GENRES_SQL = read_sql("moviec.fusion", "genres.sql")
_SEEN = (
    view("genre_meant"),
    materialize("genre_films", "genre_lists"),
    materialize("genre_seen", "genre_parts", "genre_named", "genre_able"),
)
_DECIDED = (view("genre_truth", "genre_likely", "genre_composites", "genre_labelled"),)
_COUNTED = (materialize("genre_counts", "genre_able", "genre_silences", "genre_broken_silences"),)


#: A genre is shown from this probability in millionths on: a source without the label has mostly not considered it. Set
#: on one half of the shared films (.1 and .2 did best of .1 to .5), reported on the other (bench/bench_genres.py).
SHOWN = 200_000

#: The probability that a composite label means at least one of its parts.
COMPOSITE_TRUST = 0.95

#: Rounds of expectation-maximisation, a fixed number.
ROUNDS = 60

#: The prior of a source's habits, and how many films it is worth: said, not said, not said
#: with a full list, of a genre that is true and of one that is not.
USUAL = ((0.75, 0.15, 0.10), (0.03, 0.77, 0.20))
USUAL_FILMS = 10.0
USUAL_SHARE = 0.05

CODES = "snf"

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("genre", pa.string()),
    ("pattern", pa.string()),
    ("probability", pa.float64()),
]
_POSTERIOR = pa.schema(_COLUMNS)


class GenreInput(msgspec.Struct, frozen=True):
    """What the model reads, as Arrow tables (columns as in genres.sql): labels, their meanings, limits."""

    labels: pa.Table
    meanings: pa.Table
    limits: pa.Table


class SourceHabit(msgspec.Struct, frozen=True):
    """How one source uses one genre: the chance of saying, omitting, and omitting with a full list, if true and if not."""

    source: str
    genre: str
    true: tuple[float, float, float]
    false: tuple[float, float, float]


class GenreModel(msgspec.Struct, frozen=True):
    """The fitted model: each genre's share of films and each source's habits with it."""

    sources: tuple[str, ...]
    shares: dict[str, float]
    habits: tuple[SourceHabit, ...]


def open_labels(engine: Engine, data: GenreInput, sources: tuple[str, ...]) -> None:
    """Make `genre_seen`: per film and genre a pattern with one letter per source. Other sources are ignored."""
    for name, table in zip(("labels", "meanings", "limits"), msgspec.structs.astuple(data), strict=True):
        engine.register(f"genre_{name}", table)
    run(engine, _GENRES_SQL, _SEEN, _columns(sources))


def fit_genres(engine: Engine, sources: tuple[str, ...]) -> GenreModel:
    """Learn from the opened labels; exact counts in, so that any engine and thread count gives the same model."""
    run(engine, _GENRES_SQL, _COUNTED, _columns(sources))
    shares, habits = {}, []
    for genre, codes, films in _by_genre(engine):
        share, said = _learn(codes, films)
        shares[genre] = round(share, 6)
        for at, source in enumerate(sources):
            habits.append(SourceHabit(source, genre, _rounded(said[at, 0]), _rounded(said[at, 1])))
    return GenreModel(sources, shares, tuple(habits))


def decide(engine: Engine, model: GenreModel, sources: tuple[str, ...]) -> None:
    """Make `genre_truth`: every genre that a source names for a film, its probability in millionths, whether to show it.

    A named genre that no other source could have denied is shown however unreliable the source is: nothing else is
    known.

    `sources` are those the labels were opened with. Sources and genres unknown to the model get the prior.
    """
    habits = {(habit.genre, habit.source): (habit.true, habit.false) for habit in model.habits}
    rows: dict[str, list[object]] = {"genre": [], "pattern": [], "probability": []}
    for genre, codes, patterns in _patterns(engine):
        said = np.array([habits.get((genre, source), USUAL) for source in sources])
        share = model.shares.get(genre, USUAL_SHARE)
        truth = np.clip(_posterior(codes, share, said), 1e-6, 1 - 1e-6)
        rows["genre"] += [genre] * len(patterns)
        rows["pattern"] += patterns
        rows["probability"] += [round(float(value), 9) for value in truth]
    engine.register("genre_posterior", pa.table(rows, _POSTERIOR))
    run(engine, _GENRES_SQL, _DECIDED, {"trust": str(COMPOSITE_TRUST), "shown": str(SHOWN)})


def _rounded(chances: Floats) -> tuple[float, float, float]:
    said, silent, full = (round(float(chance), 6) for chance in chances)
    return said, silent, full


def _learn(codes: Floats, films: Floats) -> tuple[float, Floats]:
    """Learn one genre: its share of films, and sources x (true, not) x (said, not said, full)."""
    usual = np.broadcast_to(np.array(USUAL), (codes.shape[1], 2, 3))
    said, share = usual, USUAL_SHARE
    for _ in range(ROUNDS):
        truth = _posterior(codes, share, said)
        total = films.sum() + USUAL_FILMS
        share = float(((films * truth).sum() + USUAL_FILMS * USUAL_SHARE) / total)
        counts = np.stack([_tally(codes, films * truth), _tally(codes, films * (1 - truth))], axis=1)
        said = counts + USUAL_FILMS * usual
        said = said / said.sum(axis=2, keepdims=True)
    return share, said


def _tally(codes: Floats, weights: Floats) -> Floats:
    """Sum the weights by source and code: sources x 3."""
    return np.stack([(weights[:, None] * (codes == code)).sum(axis=0) for code in range(len(CODES))], axis=1)


def _posterior(codes: Floats, share: float, said: Floats) -> Floats:
    """Return the probability that a genre is true for each pattern."""
    odds = np.log(said[:, 0] / said[:, 1])
    evidence = sum(np.where(codes == code, odds[:, code], 0.0) for code in range(len(CODES)))
    total = np.log(share / (1 - share)) + np.asarray(evidence).sum(axis=1)
    return np.asarray(1 / (1 + np.exp(-total)))


def _by_genre(engine: Engine) -> list[tuple[str, Floats, Floats]]:
    rows = engine.query("SELECT genre, pattern, films FROM genre_counts ORDER BY genre, pattern").to_pylist()
    names = sorted({str(row["genre"]) for row in rows})
    split = {genre: [row for row in rows if row["genre"] == genre] for genre in names}
    return [
        (genre, _coded([row["pattern"] for row in some]), np.array([float(row["films"]) for row in some]))
        for genre, some in split.items()
    ]


def _patterns(engine: Engine) -> list[tuple[str, Floats, list[str]]]:
    rows = engine.query("SELECT DISTINCT genre, pattern FROM genre_seen ORDER BY genre, pattern").to_pylist()
    split: dict[str, list[str]] = {}
    for row in rows:
        split.setdefault(row["genre"], []).append(row["pattern"])
    return [(genre, _coded(patterns), patterns) for genre, patterns in split.items()]


def _coded(patterns: list[str]) -> Floats:
    """Return patterns x sources: the place in CODES, or -1 for unknown."""
    return np.array([[CODES.find(letter) for letter in pattern] for pattern in patterns], dtype=np.float64)


def _columns(sources: tuple[str, ...]) -> dict[str, str]:
    """Return the parts of genres.sql that have one column per source."""
    places = range(len(sources))

    def each(template: str, between: str = ", ") -> str:
        return between.join(
            template.replace("#", str(place)).replace("@", _text(sources[place])) for place in places
        )

    silence = "CASE WHEN a.a# = 1 THEN f.f# ELSE 'u' END"
    named = f"CASE WHEN n.s# = 1 THEN 's' WHEN n.s# > 1 THEN 'u' ELSE {silence} END"
    return {
        "lists": each("COALESCE(MAX(CASE WHEN source = @ THEN code END), 'u') AS f#"),
        "said": each("COALESCE(MAX(CASE WHEN source = @ THEN parts END), 0) AS s#"),
        "able": each("MAX(CASE WHEN source = @ THEN 1 ELSE 0 END) AS a#"),
        "columns": each("f#"),
        "pattern": f"CONCAT({each(named)}, '')",
        "silence": f"CONCAT({each(silence)}, '')",
    }


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"

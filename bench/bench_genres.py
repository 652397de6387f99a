"""Genres by the latent truth model against votes: hide one source at a time and foretell what it says.

Fitted on one half of the films, scored on the other; micro F1 over the genres that the hidden source can say.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.fusion.genres import SHOWN, GenreInput, decide, fit_genres, open_labels
from moviec.sources.spec import load_spec
from rating_data import DATA, load

SOURCES = ("imdb", "kaggle", "movielens", "wikipedia")
THRESHOLDS = (100_000, 200_000, 300_000, 400_000, 500_000)

#: Labels of one source made into composites, to see that "at least one of them" is read back.
COMPOSITES = {"movielens": (("Mystery", "Thriller"), ("Action", "Adventure"), ("Science Fiction", "Fantasy"))}


class Split(msgspec.Struct, frozen=True):
    """Which half is scored (0 sets the threshold, 1 is reported) and how many sources besides the hidden one."""

    scored: int
    others: int


def meanings() -> tuple[pa.Table, pa.Table]:
    """Return the labels' meanings (formats and kinds of screen left out) and the limits, from the sources' facts."""
    rows, limits = [], []
    for name in SOURCES:
        spec = load_spec(resources.files("moviec.sources").joinpath(name))
        if spec.genre_limit:
            limits.append({"source": name, "most": spec.genre_limit})
        for label, meaning in spec.genres.items():
            parts = [meaning.name, *meaning.alternatives]
            rows += [
                {"source": name, "label": label, "genre": part, "facet": meaning.facet, "parts": len(parts)}
                for part in parts
                if meaning.facet != "format"
            ]
    return pa.Table.from_pylist(rows), pa.Table.from_pylist(limits)


def truth(labels: pa.Table, fitted_on: pa.Table, known: tuple[pa.Table, pa.Table]) -> pa.Table:
    """Fit on some labels and decide others: movie, genre, millionths."""
    with DuckEngine() as engine:
        open_labels(engine, GenreInput(fitted_on, *known), SOURCES)
        model = fit_genres(engine, SOURCES)
        open_labels(engine, GenreInput(labels, *known), SOURCES)
        decide(engine, model, SOURCES)
        return engine.query("SELECT movie, genre, millionths FROM genre_truth ORDER BY movie, genre")


def hide(engine: DuckEngine, hidden: str, split: Split, known: tuple[pa.Table, pa.Table]) -> dict[str, float]:
    """Return F1 by method on the scored half's films that the hidden source and at least `others` more label."""
    engine.register("meaning", known[0])
    engine.materialize(
        "claim", "SELECT DISTINCT movie, source, genre FROM labels JOIN meaning USING (source, label)"
    )
    engine.materialize(
        "scored",
        f"SELECT movie, count(DISTINCT source) FILTER (WHERE source <> '{hidden}') AS voters FROM claim"
        f" WHERE md5_number(movie) % 2 = {split.scored} GROUP BY movie HAVING bool_or(source = '{hidden}') AND voters >= {split.others}",
    )
    rest = f"SELECT movie, source, label FROM labels WHERE source <> '{hidden}'"
    seen = engine.query(f"{rest} AND movie IN (SELECT movie FROM scored)")
    half = engine.query(
        f"{rest} AND movie IN (SELECT movie FROM claim WHERE source <> '{hidden}' AND md5_number(movie) % 2 <> {split.scored}"
        " GROUP BY movie HAVING count(DISTINCT source) > 1)"
    )
    engine.register("told", truth(seen, half, known))
    engine.materialize(
        "vote",
        f"SELECT movie, genre, count(*) AS votes FROM claim WHERE source <> '{hidden}' GROUP BY movie, genre",
    )
    said = "SELECT movie, genre FROM vote JOIN scored USING (movie)"
    first = (
        f"SELECT movie, genre FROM claim JOIN scored USING (movie) WHERE source <> '{hidden}' QUALIFY"
        " source = min(source) OVER (PARTITION BY movie)"
    )
    found = {
        "majority": _f1(engine, hidden, f"{said} WHERE 2 * votes > voters"),
        "half or more": _f1(engine, hidden, f"{said} WHERE 2 * votes >= voters"),
        "first source": _f1(engine, hidden, first),
    }
    if split.scored and split.others == 1:
        tell_surety(engine, hidden)
    for least in THRESHOLDS:
        found[f"from .{least // 100_000}"] = _f1(
            engine, hidden, f"SELECT movie, genre FROM told WHERE millionths >= {least}"
        )
    return found


def tell_surety(engine: DuckEngine, hidden: str) -> None:
    """Print how often the hidden source says a genre that it can say, by how sure the others make it."""
    rows = engine.query(
        "SELECT least(t.millionths // 100000, 9) AS tenth, count(*) AS genres, avg((s.genre IS NOT NULL)::INT) AS said"
        f" FROM told t JOIN (SELECT DISTINCT genre FROM meaning WHERE source = '{hidden}') USING (genre) JOIN scored USING (movie)"
        f" LEFT JOIN (SELECT DISTINCT movie, genre FROM claim WHERE source = '{hidden}') s USING (movie, genre) GROUP BY 1 ORDER BY 1"
    ).to_pylist()
    told = ", ".join(f".{row['tenth']} {row['said']:.2f} of {row['genres']}" for row in rows)
    print(f"{hidden}: genres it says, by how sure they are: {told}")


def _f1(engine: DuckEngine, hidden: str, predicted: str) -> float:
    row = engine.query(
        f"WITH able AS (SELECT DISTINCT genre FROM meaning WHERE source = '{hidden}'),"
        f" said AS (SELECT movie, genre FROM claim JOIN scored USING (movie) WHERE source = '{hidden}'),"
        f" foretold AS (SELECT movie, genre FROM ({predicted}) JOIN able USING (genre))"
        " SELECT 2 * (SELECT count(*) FROM said JOIN foretold USING (movie, genre))"
        " / ((SELECT count(*) FROM said) + (SELECT count(*) FROM foretold)) AS f1"
    )
    return float(row.column(0)[0].as_py())


def composites(engine: DuckEngine, known: tuple[pa.Table, pa.Table]) -> None:
    """Turn MovieLens' own labels into composites; are the parts told apart again by the other sources?"""
    mapped, limits = known
    rows = mapped.to_pylist()
    for one, other in COMPOSITES["movielens"]:
        own = {row["genre"]: row["label"] for row in rows if row["source"] == "movielens"}
        for label in (own[one], own[other]):
            rows = [row for row in rows if (row["source"], row["label"]) != ("movielens", label)]
            rows += [
                {"source": "movielens", "label": label, "genre": part, "facet": "genre", "parts": 2}
                for part in (one, other)
            ]
    films = "SELECT movie FROM labels WHERE source = 'movielens' INTERSECT SELECT movie FROM labels WHERE source <> 'movielens'"
    labels = engine.query(f"SELECT movie, source, label FROM labels WHERE movie IN ({films})")
    engine.register("told", truth(labels, labels, (pa.Table.from_pylist(rows), limits)))
    engine.register("meaning", mapped)
    genres = ", ".join(f"'{part}'" for pair in COMPOSITES["movielens"] for part in pair)
    row = engine.query(
        f"WITH said AS (SELECT DISTINCT movie, genre FROM labels JOIN meaning USING (source, label)"
        f" WHERE source = 'movielens' AND genre IN ({genres}) AND movie IN ({films})),"
        f" shown AS (SELECT movie, genre FROM told WHERE genre IN ({genres}) AND millionths >= {SHOWN}),"
        f" every AS (SELECT * FROM said UNION SELECT s.movie, p.genre FROM said s JOIN"
        f" (VALUES {_pairs()}) p(part, genre) ON s.genre = p.part)"
        " SELECT 2 * (SELECT count(*) FROM said JOIN shown USING (movie, genre))"
        " / ((SELECT count(*) FROM said) + (SELECT count(*) FROM shown)),"
        " 2 * (SELECT count(*) FROM said JOIN every USING (movie, genre))"
        " / ((SELECT count(*) FROM said) + (SELECT count(*) FROM every))"
    ).to_pylist()[0]
    told, both = row.values()
    print(f"composites of MovieLens taken apart: F1 {told:.3f}; taking both parts {both:.3f}")


def _pairs() -> str:
    pairs = COMPOSITES["movielens"]
    return ", ".join(f"('{a}', '{b}'), ('{b}', '{a}')" for a, b in pairs)


def main() -> None:
    """Hide each source in turn."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    known = meanings()
    with DuckEngine() as engine:
        load(engine)
        text = Path(__file__).with_name("genre_data.sql").read_text("utf-8")
        engine.connection.execute(text.replace("$data", "getvariable('data')"))
        for split in (Split(0, 1), Split(0, 2), Split(1, 1), Split(1, 2)):
            found = {hidden: hide(engine, hidden, split, known) for hidden in SOURCES}
            use = "reported" if split.scored else "threshold set here"
            print(f"{use}, films with {split.others} or more other sources: F1 against the hidden one")
            print(f"{'hidden':12}" + "".join(f"{name:>14}" for name in found["imdb"]))
            for hidden, scores in found.items():
                print(f"{hidden:12}" + "".join(f"{value:14.3f}" for value in scores.values()))
            means = [sum(scores[name] for scores in found.values()) / len(found) for name in found["imdb"]]
            print(f"{'mean':12}" + "".join(f"{value:14.3f}" for value in means))
        composites(engine, known)


if __name__ == "__main__":
    main()

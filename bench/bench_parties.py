"""How right people and companies are: made-up deliveries against their truth, and what real ones say about the rules.

The rules' thresholds come from the real counts; the made-up deliveries show what they lead to. `bench_parties.py HOME` counts, for a
home's published films, the names of people that stand for several parties, and lists pairs of keys of one name, merged and not.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from measure import REAL
from moviec.catalog.deliveries import all_batches
from moviec.catalog.ingest_queue import RECORDS
from moviec.catalog.ledger import movie_of_records
from moviec.config import open_home
from moviec.engine import DuckEngine
from moviec.lake.batches import view_current_records
from moviec.matching.parties import companies, company_names, credits_placed, people, person_names
from moviec.pipeline.opening import open_run
from moviec.sources.registry import find_source
from moviec.sources.spec import Wanted, assign_roles
from moviec.storage.archives import unpack
from moviec.synth.deliver import invent_deliveries

MOVIES, SEED = 20_000, 5
SPACES = {"imdb": "imdb", "kaggle": "tmdb"}
CROWDED = "SELECT * REPLACE (regexp_replace(name, '([A-Za-z]{2})[A-Za-z]*$', '\\1') AS name) FROM people"
CURT = (
    "SELECT * REPLACE (CASE source WHEN 'rottentomatoes' THEN regexp_replace(name, ' [A-Za-z]+$', ' Inc.') ELSE name END"
    " AS name) FROM companies"
)
_TEXT = Path(__file__).with_name("parties.sql").read_text("utf-8")
SQL = dict(re.findall(r"^-- section: (\w+)\n(.*?)(?=^-- section|\Z)", _TEXT, re.MULTILINE | re.DOTALL))


def found_credits(engine: DuckEngine, find: Callable[..., object], credits: str) -> pa.Table:
    """Return the engine's `credits`, each with its party."""
    find(engine, credits, SPACES)
    return credits_placed(engine)


def tell_home(folder: Path) -> None:
    """Print how many people's names of a home stand for several parties, and the pairs of keys of one name without a shared film."""
    with DuckEngine() as engine, open_run(open_home(folder, make=False)) as context:
        view_current_records(
            engine, context.record_files(all_batches(context.catalogue)), RECORDS.empty_table()
        )
        with context.catalogue.connect() as connection:
            engine.register("members", movie_of_records(connection))
        engine.materialize("home_credits", SQL["home_credits"])
        engine.register("found", found_credits(engine, people, "home_credits"))
        for question in ("several", "several_known", "one_name"):
            for row in engine.query(SQL[question]).to_pylist():
                print(f"  {question}: {row}")


def main() -> None:
    """Print every figure."""
    if sys.argv[1:]:
        return tell_home(Path(sys.argv[1]))
    if not REAL.is_dir():
        sys.exit(f"no data at {REAL}: this measures on public film lists that are not shipped")
    with DuckEngine() as engine:
        for name in ("imdb", "kaggle"):
            read(engine, name, REAL / name)
        engine.view("numbered", SQL["numbered"])
        flatten(engine)
        tell_rules(engine)
        engine.register("found", found_credits(engine, people, "people"))
        print(f"imdb's credits in films whose credits kaggle has: {engine.query(SQL['met']).to_pylist()[0]}")
    with DuckEngine() as engine, tempfile.TemporaryDirectory() as folder:
        invent_deliveries(Path(folder), MOVIES, SEED)
        for name in ("imdb", "kaggle", "rottentomatoes", "wikipedia"):
            read(engine, name, Path(folder) / name)
        engine.materialize("numbered", f"SELECT * FROM read_csv('{folder}/truth.csv', all_varchar = true)")
        engine.materialize("made", f"SELECT * FROM read_json('{folder}/films.jsonl')")
        flatten(engine)
        tell_truth(engine, "people")
        tell_truth(engine, "companies")
        engine.materialize("people", CROWDED)
        print("with surnames cut to two letters, so that most people have namesakes:")
        tell_truth(engine, "people")
        engine.materialize("companies", CURT)
        print("with Inc. in place of the last word of the companies that come without a key:")
        tell_truth(engine, "companies")


def read(engine: DuckEngine, name: str, folder: Path) -> None:
    """Add a delivery's records to the engine's `records`: source, key, people, companies, imdb, year."""
    source = find_source(name)
    with tempfile.TemporaryDirectory() as work:
        room = Path(work) / "plain"
        room.mkdir()
        files = [plain for path in sorted(folder.iterdir()) for plain in unpack(path, room)]
        source.read(
            engine,
            assign_roles(files, source.spec)[0],
            Wanted(Path(work), ("people", "companies", "ids", "year")),
        )
        read_now = engine.query(
            f"SELECT '{name}' AS source, key, people, companies, ids['imdb'] AS imdb, year FROM records"
        )
    engine.register("arrived", read_now)
    engine.connection.execute(
        "CREATE TABLE IF NOT EXISTS known AS FROM arrived LIMIT 0; INSERT INTO known FROM arrived"
    )


def flatten(engine: DuckEngine) -> None:
    """Lay out the credits of the known records as `people` and `companies`."""
    for name, rest in (("people", "p.role, p.position"), ("companies", "'' AS role, 0 AS position")):
        engine.materialize(
            name,
            f"SELECT CAST(m.movie AS BIGINT) AS movie, k.source, p.key, p.name, {rest}, k.year FROM"
            f" (SELECT source, key, year, unnest({name}) AS p FROM known) k JOIN numbered m ON m.source = k.source AND m.key = k.key",
        )


def tell_rules(engine: DuckEngine) -> None:
    """Print the counts on real deliveries that the rules rest on."""
    for kind, source in (("people", "imdb"), ("people", "kaggle"), ("companies", "kaggle")):
        names = engine.query(f"SELECT DISTINCT name FROM {kind} ORDER BY name")["name"].combine_chunks()
        engine.register("spellings", person_names(names) if kind == "people" else company_names(names))
        engine.materialize(
            "spelt", f"SELECT * FROM {kind} JOIN spellings USING (name) WHERE source = '{source}'"
        )
        for question in ("namesakes", "only", "chance", "chance_twice"):
            print(f"{source} {kind}, {question}: {engine.query(SQL[question]).to_pylist()[0]}")


def tell_truth(engine: DuckEngine, kind: str) -> None:
    """Print how right the people or the companies of made-up deliveries are."""
    start = time.perf_counter()
    found = found_credits(engine, people if kind == "people" else companies, kind)
    print(f"{kind}: {found.num_rows:,} credits in {time.perf_counter() - start:.1f} s")
    engine.register("found", found)
    engine.materialize("truth", SQL[f"true_{kind}"])
    engine.materialize("judged", SQL["judged"])
    for question in ("borne_by_several", "keys", "keyless"):
        for row in engine.query(SQL[question]).to_pylist():
            print(f"  {question}: {row}")


if __name__ == "__main__":
    main()

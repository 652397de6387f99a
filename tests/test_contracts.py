"""Who may import whom: every contract of pyproject.toml is kept, and an import that breaks it is seen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter import configuration
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import Contract

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
TOOL = tomllib.loads(PROJECT.read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS: dict[str, dict[str, Any]] = {one["id"]: one for one in TOOL["contracts"]}
SESSION = {"root_packages": ["moviec"], "include_external_packages": "True"}
KINDS: dict[str, Callable[..., Contract]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}

#: An import for every sentence, as (contract, importer, imported).
BREAKING = [
    ("layers", "moviec.catalog.queries", "moviec.pipeline.ingest"),
    ("layers", "moviec.matching.candidate_pairs", "moviec.fusion.movies"),
    ("layers", "moviec.rollup.monthly", "moviec.matching.candidate_pairs"),
    ("layers", "moviec.web.app", "moviec.pipeline.ingest"),
    ("pure", "moviec.matching.candidate_pairs", "moviec.catalog.ledger"),
    ("pure", "moviec.fusion.movies", "sqlalchemy"),
    ("pure", "moviec.rating.table", "moviec.web.app"),
    ("schema", "moviec.jobs.doctor", "moviec.catalog.schema.movies"),
    ("web", "moviec.web.routes.admin", "moviec.pipeline.aggregator"),
    ("circles", "moviec.transient", "moviec.storage.remote"),
    ("circles", "moviec.catalog.arrow", "moviec.catalog.ledger"),
    ("synth", "moviec.synth.deliver", "moviec.engine.duckdb"),
    ("sources", "moviec.sources.imdb", "moviec.sources.kaggle"),
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    configuration.configure()
    return grimp.build_graph("moviec", include_external_packages=True, cache_dir=None)


def kept(graph: grimp.ImportGraph, name: str) -> bool:
    given = {key: value for key, value in CONTRACTS[name].items() if key not in ("id", "name", "type")}
    options = {key: str(value) if isinstance(value, bool) else value for key, value in given.items()}
    kind = KINDS[CONTRACTS[name]["type"]]
    contract = kind(name=name, session_options=SESSION, contract_options=options)
    return bool(contract.check(graph=graph, verbose=False).kept)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_is_broken_by_something(name: str) -> None:
    assert name in {one[0] for one in BREAKING}


@pytest.mark.parametrize(("name", "importer", "imported"), BREAKING)
def test_an_import_that_breaks_a_contract_is_seen(
    graph: grimp.ImportGraph, name: str, importer: str, imported: str
) -> None:
    assert kept(graph, name)
    assert not graph.direct_import_exists(importer=importer, imported=imported)
    graph.add_import(importer=importer, imported=imported)
    try:
        assert not kept(graph, name)
    finally:
        graph.remove_import(importer=importer, imported=imported)

"""A home beside providers on the loopback: what tests of online sources share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar.testing import TestClient
from typer.testing import CliRunner, Result

from moviec.catalog.connect import connect
from moviec.cli import build
from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import open_home
from moviec.loopback.omdb import Omdb
from moviec.loopback.server import Served, serving
from moviec.loopback.tmdb import Tmdb
from moviec.loopback.wikidata import Wikidata
from moviec.sample.films import sample_films
from moviec.search.index import catch_up, indexer
from moviec.synth.film import Film
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.server_state import open_server

TMDB_KEY, OMDB_KEY = "0123456789abcdef0123456789abcdef", "1a2b3c4d"
FAST = 100_000


def films(count: int) -> list[Film]:
    return sample_films()[:count]


def served(home: Path, *asked: tuple[str, dict[str, str]]) -> list[httpx.Response]:
    """Return what a server of a home answers, its index brought up before."""
    place = open_home(home, {})
    catalogue = connect(place.catalogue)
    with indexer(place.search) as mine:
        assert mine
        catch_up(catalogue, place.search)
    catalogue.dispose()
    server = open_server(place, PipelineWorkbench(place))
    with TestClient(Middleware(make_litestar(server), server), raise_server_exceptions=False) as client:
        return [client.get(path, headers=headers) for path, headers in asked]


class Desk:
    """A home, and the providers that it knows."""

    def __init__(self, folder: Path, served: Served, some: list[Film], providers: dict[str, Any]) -> None:
        self.home, self.served, self.films, self.providers = folder / "home", served, some, providers
        self.home.mkdir(parents=True, exist_ok=True)
        self.settings()

    @property
    def tmdb(self) -> Tmdb:
        found: Tmdb = self.providers["tmdb"]
        return found

    @property
    def omdb(self) -> Omdb:
        found: Omdb = self.providers["omdb"]
        return found

    @property
    def wikidata(self) -> Wikidata:
        found: Wikidata = self.providers["wikidata"]
        return found

    def served_by(self, name: str, provider: Any) -> None:
        """Have another provider answer under a name."""
        self.served.providers[name] = provider

    def settings(self, extra: str = "", **more: str) -> None:
        """Write the settings: every provider at its address here, with `more` lines by source."""
        keys = {"tmdb": f'key = "{TMDB_KEY}"', "omdb": f'key = "{OMDB_KEY}"', "wikidata": ""}
        sections = "".join(
            f'[sources.{name}]\nbase = "{self.served.url}/{name}"\nrate = {FAST}\n{keys.get(name, "")}\n{more.get(name, "")}\n'
            for name in self.providers
        )
        (self.home / "moviec.toml").write_text(
            f'fetch_private = true\ncontact = "me@films.example"\n{extra}\n{sections}'
        )

    def moviec(self, *words: str) -> Result:
        done = CliRunner().invoke(build(words), [*words, "--home", str(self.home)])
        assert TMDB_KEY not in done.output + str(done.exception)
        assert OMDB_KEY not in done.output + str(done.exception)
        return done

    def ingest(self, source: str) -> Result:
        done = self.moviec("ingest", source)
        assert done.exception is None or done.exit_code == 3, f"{done.exception!r}\n{done.output}"
        return done

    def fails(self, *words: str) -> str:
        done = self.moviec(*words)
        assert done.exception is not None
        return str(done.exception)

    def shown(self, key: str) -> dict[str, Any]:
        done = self.moviec("show", key, "--json")
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)["document"]
        return found


@contextmanager
def desk(folder: Path, count: int = 12, **limits: Any) -> Iterator[Desk]:
    """Serve some of the sample's films by TMDB, OMDb and Wikidata, beside a home."""
    some = films(count)
    providers: dict[str, Any] = {
        "tmdb": Tmdb(some, TMDB_KEY, limits.get("rate", 1e9)),
        "omdb": Omdb(some, OMDB_KEY, limits.get("allowance", 1000)),
        "wikidata": Wikidata(some),
    }
    with serving(providers) as served:
        yield Desk(folder, served, some, dict(providers))

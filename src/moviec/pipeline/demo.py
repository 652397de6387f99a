"""The demo: the bundled sample delivered by six sources into a home of its own, then the monthly job and a picture."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import msgspec

from moviec.catalog.connect import connect
from moviec.catalog.deliveries import Delivery, has_deliveries
from moviec.config import Downloads, Home, SourceSettings
from moviec.errors import UsageError
from moviec.home.context import Tell
from moviec.loopback.omdb import Omdb
from moviec.loopback.server import Provider, imdb_files, serving
from moviec.loopback.tmdb import Tmdb
from moviec.loopback.wikidata import Wikidata
from moviec.pipeline.aggregator import drain
from moviec.pipeline.arrivals import IngestRequest, expected, gather, take
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.media import fetch_posters
from moviec.pipeline.monthly_job import Job, Run, run_rollup
from moviec.pipeline.online import take_companies, take_online
from moviec.pipeline.opening import arriving, open_run
from moviec.pipeline.publication import Outcome, Scope, bring_up
from moviec.sample import write_sample
from moviec.sample.films import sample_films
from moviec.sources.registry import find_source, find_sources

#: When the sample was typed.
DELIVERED = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)

#: The notice on every page of the demo's site.
NOTICE = (
    "Sample data. The facts are real; ratings, votes and popularity are invented, and each source has errors planted on purpose,"
    " so that there is something to match and fuse."
)
SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia", "festival")


class Shown(msgspec.Struct, frozen=True):
    """The result of the demo: a delivery per source, the catalogue made of them, the monthly job's run and its folder."""

    deliveries: list[Delivery]
    catalogue: Outcome
    rollup: Run
    months: Path
    asked: dict[str, int] = {}


#: The online demo's sources: loopback servers with the sample's films.
ONLINE = ("tmdb", "wikidata", "omdb")


def run_demo(home: Home, tell: Tell = lambda _: None, online: bool = False) -> Shown:
    """Write the sample, ingest it source by source, and run the monthly job on its movies file.

    `online`: also downloads IMDb's files, queries TMDB, Wikidata and OMDb, and fetches posters, all from loopback
    servers that answer as the real ones do.

    Raises UsageError in a home that has films and is not a demo: invented ratings would stay among them.
    """
    sample = home.folder / "sample"
    if not sample.is_dir() and _has_films(home):
        raise UsageError(
            "this home has films of your own", str(home.folder), "give the demo a folder of its own"
        )
    tell("writing the sample")
    write_sample(sample)
    settings = home.folder / "moviec.toml"
    if not settings.exists():
        settings.write_text(f'notice = "{NOTICE}"\n', "utf-8")
    mapping = home.folder / "sources" / "festival"
    mapping.mkdir(parents=True, exist_ok=True)
    shutil.copy(sample / "festival" / "source.toml", mapping / "source.toml")
    deliveries = []
    with open_run(home, alone=True) as context:
        for name in SOURCES:
            tell(f"ingesting {name}")
            source = find_source(name, home.folder)
            files = gather(home, source.spec, [str(sample / name)], context.work)
            deliveries.append(ingest(context, Order(source, files, DELIVERED, accept_shrink=True)))
        outcome = bring_up(context, Scope(), tell)
    asked: dict[str, int] = {}
    if online:
        with serving({**_providers(), "imdb": imdb_files(sample / "imdb")}) as served:
            outcome, asked = _ask(_online(home, served.url), tell)
            asked["imdb"] = served.times("imdb")
    months = home.folder / "rollup"
    tell("summing by genre and company")
    run = run_rollup(Job((sample / "kaggle" / "movies_metadata.csv",), months))
    return Shown(deliveries, outcome, run, months, asked)


#: Facts about companies of the sample: TMDB's id, country, and other names; and who owns one.
_COMPANIES = {
    1: ("US", ["Lucasfilm Ltd."]),
    3: ("US", ["Pixar Animation Studios"]),
    882: ("JP", ["東宝"]),
    10342: ("JP", ["スタジオジブリ"]),
}
_OWNED, _OWNER = (1, 3), (9_999_001, "The Walt Disney Company")


def _providers() -> dict[str, Provider]:
    films = sample_films()
    tmdb = Tmdb(films, _KEY)
    for number, (country, names) in _COMPANIES.items():
        tmdb.countries[number], tmdb.known_as[number] = country, names
    tmdb.companies.setdefault(*_OWNER)
    tmdb.owned = dict.fromkeys(_OWNED, _OWNER[0])
    return {"tmdb": tmdb, "wikidata": Wikidata(films), "omdb": Omdb(films, _KEY)}


#: The demo servers accept this key.
_KEY = "0" * 32


def _online(home: Home, url: str) -> Home:
    """Return the home with settings that lead to servers on the loopback."""
    there = {name: SourceSettings(key=_KEY, base=f"{url}/{name}", rate=1000.0) for name in ONLINE}
    names = ("title.basics", "title.ratings", "title.crew", "title.principals", "title.akas", "name.basics")
    urls = tuple(f"{url}/imdb/{name}.tsv.gz" for name in names)
    there["imdb"] = SourceSettings(download=Downloads(urls=urls))
    settings = msgspec.structs.replace(
        home.settings, fetch_private=True, contact="demo", sources={**home.settings.sources, **there}
    )
    return msgspec.structs.replace(home, settings=settings)


def _ask(home: Home, tell: Tell) -> tuple[Outcome, dict[str, int]]:
    """Query each online source, publish its answers, then fetch the posters; return the last outcome, and requests by
    source.
    """
    asked: dict[str, int] = {}
    with open_run(home) as context:
        sources = find_sources(home.folder)
        with arriving(context, tell) as alone:
            for arrival in expected(home, sources["imdb"].spec, IngestRequest(), tell):
                take(alone, sources["imdb"], arrival, True, tell)
        for name in ONLINE:
            asked[name] = take_online(context, sources[name], tell).requests
            drain(context, tell)
        asked["companies"] = take_companies(context, sources["tmdb"], tell).requests
        asked["posters"] = fetch_posters(context, sources, 1000, tell).stored
        return drain(context, tell), asked


def _has_films(home: Home) -> bool:
    catalogue = connect(home.catalogue)
    try:
        with catalogue.connect() as connection:
            return has_deliveries(connection)
    finally:
        catalogue.dispose()

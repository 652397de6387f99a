"""The shared deliveries as members of movies: every record with its movie, by ids and by title and year.

Stands in for matching, so that fusing can be measured alone. Hands on the engine's table `members`.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from moviec.catalog.deliveries import all_batches
from moviec.config import open_home
from moviec.engine import DuckEngine
from moviec.fusion.source_facts import FuseFacts, SourceFacts
from moviec.pipeline.arrivals import gather
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.sources.registry import find_source
from rating_data import DATA

SOURCES = ("imdb", "kaggle", "movielens", "rottentomatoes", "wikipedia")
DELIVERED = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)

#: A record's movie: by its IMDb id, else its TMDB id (as MovieLens links them), else the one film of that title and
#: year, else a movie of its own.
MEMBERS = """
  WITH known AS (
    SELECT *, trim(regexp_replace(strip_accents(lower(regexp_replace(title, '^(The|A|An) ', ''))), '[^a-z0-9]+', ' ', 'g'))
      AS fold, ids['tmdb'] AS tmdb_id FROM records),
  links AS (SELECT tmdb_id, min(ids['imdb']) AS imdb_id FROM known WHERE tmdb_id IS NOT NULL GROUP BY tmdb_id),
  identified AS (
    SELECT known.*, coalesce(ids['imdb'], links.imdb_id, known.tmdb_id) AS id
    FROM known LEFT JOIN links ON links.tmdb_id = known.tmdb_id),
  named AS (
    SELECT fold, year, min(id) AS id FROM identified WHERE id IS NOT NULL AND fold <> ''
    GROUP BY fold, year HAVING count(DISTINCT id) = 1),
  placed AS (
    SELECT i.*, coalesce(i.id, n.id, i.fold || '/' || i.year, i.source || '/' || i.key) AS place
    FROM identified i LEFT JOIN named n ON n.fold = i.fold AND n.year = i.year)
  SELECT dense_rank() OVER (ORDER BY place)::BIGINT AS movie, * EXCLUDE (fold, tmdb_id, id, place)
  FROM placed ORDER BY movie, source, key
"""


def facts() -> FuseFacts:
    """Return what fusing must know of the shared sources."""
    return FuseFacts(tuple(_facts(name) for name in SOURCES))


def _facts(name: str) -> SourceFacts:
    spec = find_source(name).spec
    return SourceFacts(
        name=name,
        space={"kaggle": "tmdb"}.get(name, name),
        order=spec.order,
        genres={label: (each.name, *each.alternatives) for label, each in spec.genres.items()},
        unable=spec.unable,
        genre_limit=spec.genre_limit,
        raters={rater: each.panel for rater, each in spec.raters.items()},
    )


def load_members(engine: DuckEngine) -> int:
    """Ingest the shared deliveries into a home thrown away and make `members`; return the number of records."""
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder), {})
        with open_run(home, alone=True) as context:
            for name in SOURCES:
                source = find_source(name)
                files = gather(home, source.spec, [str(DATA / name)], context.work)
                ingest(context, Order(source, files, DELIVERED, accept_shrink=True))
            batches = [
                context.store.path(str(batch.records_file)) for batch in all_batches(context.catalogue)
            ]
            engine.parquet("records", batches)
            engine.materialize("members", MEMBERS)
    return int(engine.query("SELECT count(*) AS n FROM members").column(0)[0].as_py())

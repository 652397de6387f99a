"""The nouns as Arrow schemas: what a record and a rejected row are, column by column.

Money is whole US dollars, popularity is millionths, runtimes are minutes; unknown is NULL and never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.text import Column
from moviec.units import MILLION as MILLION

TITLE = pa.struct([("title", pa.string()), ("language", pa.string()), ("region", pa.string())])
PERSON = pa.struct(
    [
        ("name", pa.string()),
        ("key", pa.string()),
        ("role", pa.string()),  # director, writer, actor, producer, composer, …
        ("character", pa.string()),
        ("position", pa.int32()),  # 0 is first billed
    ]
)
COMPANY = pa.struct([("name", pa.string()), ("key", pa.string())])
RATING = pa.struct(
    [
        ("rater", pa.string()),
        ("panel", pa.string()),  # critics | audience
        ("aspect", pa.string()),  # overall | story | acting | soundtrack | …
        ("value", pa.float64()),
        ("lowest", pa.float64()),
        ("highest", pa.float64()),
        ("votes", pa.int64()),
        ("distribution", pa.list_(pa.int64())),  # votes per step of the scale, lowest first
    ]
)

#: An amount in another currency than dollars, in whole units of it, as delivered.
MONEY = pa.struct(
    [
        ("field", pa.string()),  # budget | revenue
        ("amount", pa.int64()),
        ("currency", pa.string()),  # its ISO code, or the sign where several currencies share it
        ("scope", pa.string()),  # worldwide | domestic
    ]
)

#: One row per film per source. `ids` maps an id space (imdb, tmdb, wikidata, …) to the id there.
_RECORD: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("kind", pa.string()),  # feature | short | tv_movie | video
    ("title", pa.string()),
    ("original_title", pa.string()),
    ("other_titles", pa.list_(TITLE)),
    ("year", pa.int32()),
    ("released", pa.date32()),
    ("runtime", pa.int32()),
    ("status", pa.string()),
    ("genres", pa.list_(pa.string())),
    ("keywords", pa.list_(pa.string())),
    ("collection", pa.string()),
    ("certificate", pa.string()),
    ("original_language", pa.string()),
    ("languages", pa.list_(pa.string())),  # ISO 639-1
    ("countries", pa.list_(pa.string())),  # ISO 3166-1
    ("people", pa.list_(PERSON)),
    ("companies", pa.list_(COMPANY)),
    ("budget", pa.int64()),
    ("revenue", pa.int64()),
    ("revenue_scope", pa.string()),  # worldwide | domestic
    ("money", pa.list_(MONEY)),  # amounts in other currencies than dollars
    ("popularity", pa.int64()),
    ("ids", pa.map_(pa.string(), pa.string())),
    ("ratings", pa.list_(RATING)),
    ("overview", pa.string()),
    ("tagline", pa.string()),
    ("poster", pa.string()),
    ("trailer", pa.string()),
    ("homepage", pa.string()),
    ("adult", pa.bool_()),
    ("delivery", pa.string()),
    ("payload", pa.string()),
    ("line", pa.int64()),  # physical line in the payload, 1 is the first
    ("deleted", pa.bool_()),
    ("hash", pa.string()),
]
RECORD = pa.schema(_RECORD)

#: Fields that records did not have in version 0.1; a new field goes here, too. Batches written before lack them, and read as
#: unknown there. They are part of a record's hash only where they are known, so that a record that says nothing new keeps it.
ADDED_FIELDS = ("money",)

#: Statuses of a film before its release, in lower case and without hyphens; those of one that is given up; those of one that
#: is new. Any other status says nothing against a film being out.
BEFORE_RELEASE = (
    "rumored", "planned", "announced", "in development", "script", "pre production", "in production", "filming",
    "post production", "completed", "upcoming", "coming soon",
)  # fmt: skip
GIVEN_UP = ("canceled", "cancelled", "abandoned")
JUST_OUT = ("in theaters", "in theatres", "now playing")


def status_is(column: str, some: Sequence[str]) -> str:
    """Return the SQL condition that a status is one of `some`, in whatever case and with or without hyphens."""
    listed = ", ".join(f"'{status}'" for status in some)
    return f"lower(replace({column}, '-', ' ')) IN ({listed})"


#: Columns that say where a record came from; the lake hashes FIELDS into `hash`.
PROVENANCE = ("delivery", "payload", "line", "deleted", "hash")
CONTENT = tuple(name for name in RECORD.names if name not in PROVENANCE)

#: What a source says of a film: the content without the record's own name, `(source, key)`.
FIELDS = tuple(name for name in CONTENT if name not in ("source", "key"))

#: A row that could not be read: its place, the reason, and the text itself.
_REJECTED: list[tuple[str, pa.DataType]] = [
    ("role", pa.string()),
    ("line", pa.int64()),
    ("reason", pa.string()),
    ("text", pa.string()),
]
REJECTED = pa.schema(_REJECTED)


class PartyChanges(msgspec.Struct, frozen=True):
    """The people, or the companies, that a run resolved: matching passes them to the catalogue.

    `names`: the folded names it was about; None: all. `ids`: the parties it was about. `shown`: their rows of `people`
    or `companies`. `parties`: rows of `parties` but for the kind. `credits`: the credits with these names (movie, source, role,
    key, name, folded, short, party, year), those of all films in a Parquet file in order of movie.
    `changed`: films with a credit whose party changed; empty if all names were resolved.
    """

    names: Column | None
    ids: Column
    shown: pa.Table
    parties: pa.Table
    credits: pa.Table | Path
    changed: Column


def live_rows(rows: str) -> str:
    """Write the query of the current rows of a table of record versions, without tombstones: per source and key the row
    of the greatest delivery.

    Tombstones are left out where the greatest deliveries are found, not of the rows that are read: the engine would
    expect few of those, and hold whole rows in memory instead of keys.
    """
    return (
        f"SELECT every.* FROM {rows} AS every WHERE (every.source, every.key, every.delivery) IN"
        f" (SELECT (source, key, max(delivery)) FROM {rows} GROUP BY source, key HAVING NOT arg_max(deleted, delivery))"
    )

"""What arrived (deliveries, payloads, batches, rows that could not be read), and the state of online sources."""

from __future__ import annotations

import sqlalchemy as sa

from moviec.catalog.schema.base import (
    BigInteger,
    Boolean,
    Float,
    Integer,
    Text,
    column,
    index,
    key,
    maybe,
    number,
    table,
)

deliveries = table(
    "deliveries",
    "One row per delivery, in order of arrival.",
    number("place in the order of arrival"),
    sa.Column("id", sa.Text, nullable=False, unique=True, comment="begins with the instant of delivery"),
    column("source", Text, "who delivered"),
    column("delivered_at", Text, "when it was delivered, UTC"),
    column("received_at", Text, "when it was ingested, UTC"),
    column("fingerprint", Text, "SHA-256 over its payloads' sums"),
    column("complete", Boolean, "a film it no longer lists is gone"),
    column("state", Text, "applied, unchanged (same bytes as same_as) or held"),
    maybe("same_as", Text, "the delivery with the same bytes"),
    maybe("replay_of", Text, "the delivery whose rejected rows were read again"),
    maybe("records", Integer, "films in it"),
    column("report", sa.JSON(), "what became of its rows, and warnings"),
    index("source"),
)

delivery_payloads = table(
    "delivery_payloads",
    "The files of a delivery, by name.",
    key("delivery", Text, "the delivery", "deliveries.id"),
    key("name", Text, "file name as delivered"),
    column("sha256", Text, "the payload's name in the lake"),
    column("size", BigInteger, "bytes"),
    column("reused", Boolean, "it came with an earlier delivery"),
    maybe("removed_at", Text, "when its bytes were removed from the lake, UTC"),
    index("sha256"),
)

batches = table(
    "batches",
    "The batches. Other files in the lake are not batches.",
    key("delivery", Text, "the delivery that it came from", "deliveries.id"),
    column("source", Text, "who delivered"),
    maybe("records_file", Text, "Parquet file of changed records in the lake"),
    column("keys_file", Text, "Parquet file of the keys in the delivery"),
    column("changed", Integer, "records new or changed"),
    column("tombstones", Integer, "records gone"),
    column("outdated", Integer, "rows outdated by later data"),
    column("published", Boolean, "the catalogue shows it"),
    index("source"),
)

rejected_rows = table(
    "rejected_rows",
    "Rows that could not be read.",
    number("the row's number in quarantine"),
    column("delivery", Text, "the delivery", "deliveries.id"),
    column("source", Text, "who delivered"),
    column("role", Text, "the file's role in the delivery"),
    maybe("payload", Text, "SHA-256 of the file"),
    column("line", BigInteger, "physical line in the file, 1 is the first"),
    column("reason", Text, "why it could not be read"),
    column("text", Text, "the row as delivered"),
    column("state", Text, "open, or replayed once a later reading could read it"),
    index("delivery"),
)

online = table(
    "online",
    "One row per online source.",
    key("source", Text, "the source"),
    column("day", Text, "the day that `used` counts, UTC"),
    column("used", Integer, "requests of that day"),
    column("next_at", Float, "when the next request may be sent, seconds since 1970"),
    maybe("since", Text, "up to when the source's changes are known, UTC"),
    maybe("done_at", Text, "when its last round ended, UTC"),
    maybe("failing_since", Text, "when it first failed since it last answered, UTC"),
    maybe("error", Text, "what went wrong last"),
)

asked = table(
    "asked",
    "Ids of films requested from a source that is queried for the catalogue's films.",
    key("source", Text, "the source"),
    key("id", Text, "the id"),
    column("at", Text, "when, UTC"),
    column("found", Boolean, "the source knows it"),
)

company_details = table(
    "company_details",
    "What sources say of companies; a row without a name is of a deleted company.",
    key("source", Text, "the source"),
    key("id", Text, "the company's id there"),
    column("delivery", Text, "the delivery that it is from"),
    maybe("name", Text, "its name"),
    maybe("country", Text, "ISO 3166-1"),
    maybe("parent", Text, "the id there of the company that owns it"),
    maybe("parent_name", Text, "the name of that company"),
    column("names", Text, "its other names, a JSON list"),
    index("source", "parent"),
    clustered=True,
)

posters = table(
    "posters",
    "Fetched pictures of posters, and the outcome.",
    key("source", Text, "the source that names the picture"),
    key("address", Text, "the picture's address or path, as the source delivers it"),
    column("state", Text, "stored, or refused if it cannot be shown"),
    maybe("sha256", Text, "SHA-256 of the picture as fetched: its name in the lake"),
    maybe("width", Integer, "its width, pixels"),
    maybe("height", Integer, "its height, pixels"),
    column("at", Text, "when it was fetched, UTC"),
    maybe("error", Text, "why it was refused"),
    index("state"),
)

videos = table(
    "videos",
    "The owner's video files that lists name as trailers, and the outcome.",
    key("source", Text, "the list that names it"),
    key("address", Text, "the file's name in the list"),
    column("state", Text, "stored, or refused if it cannot be shown"),
    maybe("sha256", Text, "the SHA-256 of its bytes: its name in the lake"),
    maybe("kind", Text, "mp4 or webm"),
    maybe("size", BigInteger, "bytes"),
    column("at", Text, "when it was checked, UTC"),
    maybe("error", Text, "why it was refused"),
)

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
    column("report", sa.JSON(), "what became of its rows and what was odd"),
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
    "The batches that exist. A file in the lake that is not named here is no batch.",
    key("delivery", Text, "the delivery that it came from", "deliveries.id"),
    column("source", Text, "who delivered"),
    maybe("records_file", Text, "Parquet file of changed records in the lake"),
    column("keys_file", Text, "Parquet file of the keys the delivery named"),
    column("changed", Integer, "records new or changed"),
    column("tombstones", Integer, "records gone"),
    column("outdated", Integer, "rows that fresher data outdated"),
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
    "One row per source that is asked over the web.",
    key("source", Text, "who is asked"),
    column("day", Text, "the day that `used` counts, UTC"),
    column("used", Integer, "requests of that day"),
    column("next_at", Float, "when the next request may go, seconds since 1970"),
    maybe("since", Text, "up to when the source's changes are known, UTC"),
    maybe("done_at", Text, "when its last round ended, UTC"),
    maybe("failing_since", Text, "when it first failed since it last answered, UTC"),
    maybe("error", Text, "what went wrong last"),
)

asked = table(
    "asked",
    "Ids of films that a source was asked for, where it is asked for the films of the catalogue.",
    key("source", Text, "who was asked"),
    key("id", Text, "the id"),
    column("at", Text, "when, UTC"),
    column("found", Boolean, "the source knows it"),
)

company_details = table(
    "company_details",
    "What sources say of companies that they were asked for; a row without a name is of one that is no more.",
    key("source", Text, "who says so"),
    key("id", Text, "the company's id there"),
    column("delivery", Text, "the delivery that it is from"),
    maybe("name", Text, "what it is called"),
    maybe("country", Text, "ISO 3166-1"),
    maybe("parent", Text, "the id there of the company that owns it"),
    maybe("parent_name", Text, "the name of that"),
    column("names", Text, "its other names, a JSON list"),
    index("source", "parent"),
    clustered=True,
)

posters = table(
    "posters",
    "Pictures of posters that were fetched, and what became of them.",
    key("source", Text, "who names the picture"),
    key("address", Text, "the picture's address or path, as the source delivers it"),
    column("state", Text, "stored, or refused where it is none that can be shown"),
    maybe("sha256", Text, "the SHA-256 of the picture as it came: its name in the lake"),
    maybe("width", Integer, "its width, pixels"),
    maybe("height", Integer, "its height, pixels"),
    column("at", Text, "when it was fetched, UTC"),
    maybe("error", Text, "why it was refused"),
    index("state"),
)

videos = table(
    "videos",
    "Video files of one's own that lists name as trailers, and what became of them.",
    key("source", Text, "whose list names it"),
    key("address", Text, "the file's name in the list"),
    column("state", Text, "stored, or refused where it is none that can be shown"),
    maybe("sha256", Text, "the SHA-256 of its bytes: its name in the lake"),
    maybe("kind", Text, "mp4 or webm"),
    maybe("size", BigInteger, "bytes"),
    column("at", Text, "when it was looked at, UTC"),
    maybe("error", Text, "why it was refused"),
)

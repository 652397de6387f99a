"""How sources that are asked over the web stand: what they were asked today, how far they are known, since when they fail."""

from __future__ import annotations

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
    table,
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

"""Which records are which film: the ledger of identities, matches, decisions; the same for people and companies.

The ledger and the decisions are primary data: they cannot be derived from deliveries.
"""

from __future__ import annotations

from moviec.catalog.schema.base import (
    BigInteger,
    Boolean,
    Credits,
    Evidence,
    Integer,
    Text,
    column,
    index,
    key,
    maybe,
    number,
    table,
)

records = table(
    "records",
    "Which movie each record is. A record that is gone keeps its place, so that it finds its movie again.",
    key("source", Text, "who delivers it"),
    key("key", Text, "its id there"),
    column("movie", Integer, "the movie that it is, or was last"),
    column("live", Boolean, "the source still lists it"),
    column("method", Text, "how it came to its movie: id, match, decision or alone"),
    maybe("probability", Integer, "of its surest match, millionths"),
    index("movie"),
)

identities = table(
    "identities",
    "Every movie id ever given.",
    key("movie", Integer, "the number in mc…"),
    column("state", Text, "live, merged or withdrawn"),
    maybe("successor", Integer, "where a merged id leads"),
    index("successor", where="successor IS NOT NULL"),
)

matches = table(
    "matches",
    "Pairs of records that may be the same film, with the evidence.",
    key("left_source", Text, "first record: source"),
    key("left_key", Text, "first record: key"),
    key("right_source", Text, "second record: source"),
    key("right_key", Text, "second record: key"),
    column("weight", Integer, "log2 odds, millionths"),
    maybe("contradiction", Text, "what speaks against the pair, however likely it is"),
    column("shared_id", Boolean, "an external id is the same"),
    column("probability", Integer, "millionths, given the rivals"),
    column("band", Text, "accept, review or reject"),
    column("evidence", Evidence, "feature, level and bits, a JSON list, compressed"),
    index("right_source", "right_key"),
    index("band"),
)

decisions = table(
    "decisions",
    "People's verdicts on pairs of records.",
    number("in order"),
    column("left_source", Text, "first record: source"),
    column("left_key", Text, "first record: key"),
    column("right_source", Text, "second record: source"),
    column("right_key", Text, "second record: key"),
    column("verdict", Text, "same or different"),
    column("who", Text, "who decided"),
    column("at", Text, "when, UTC"),
    maybe("undone", Text, "when it was taken back, UTC"),
    maybe("undone_by", Text, "who took it back"),
)

parties = table(
    "parties",
    "Which person or company each name or id at a source is.",
    key("kind", Text, "people or companies"),
    key("space", Text, "id space of the key, empty for a bare name"),
    key("key", Text, "the id there, empty for a bare name; a decade where one stands for several people"),
    key("folded", Text, "folded name"),
    column("party", Integer, "the id in people or companies"),
    index("kind", "party"),
    index("kind", "folded"),
)

film_credits = table(
    "film_credits",
    "Every credit of every source, and whom it stands for: what matching needs to tell people and companies apart.",
    key("kind", Text, "people or companies"),
    key("movie", Integer, "the film"),
    column(
        "credits",
        Credits,
        "source, role, key, name, folded, short form, party and year of each; JSON, compressed",
    ),
    clustered=True,
)

credit_names = table(
    "credit_names",
    "The films that credit a name.",
    key("kind", Text, "people or companies"),
    key("name", BigInteger, "number of the folded name, from its SHA-256"),
    key("movie", Integer, "the film"),
    clustered=True,
)

models = table(
    "models",
    "The models that were fitted; the pinned one is in force.",
    key("version", Text, "kind and digest of the content"),
    column("kind", Text, "match or fuse"),
    column("file", Text, "where it stands in the lake"),
    column("fitted_at", Text, "UTC"),
    column("pinned", Boolean, "in force"),
)

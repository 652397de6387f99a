"""Operations: what waits to be published, leases, every run with its steps, what was set aside."""

from __future__ import annotations

import sqlalchemy as sa

from moviec.catalog.schema.base import Integer, Text, column, index, key, maybe, number, table

record_changes = table(
    "record_changes",
    "What changed among the records, in order: the log that the aggregator follows.",
    key("number", Integer, "place in the log, without gaps"),
    column("at", Text, "when it was appended, UTC"),
    column("cause", Text, "delivery, decision or replay"),
    maybe("delivery", Text, "the delivery whose batch it is, or whose record"),
    maybe("source", Text, "of a single record: who delivers it"),
    maybe("key", Text, "of a single record: its id there"),
    column("records", Integer, "how many records it is about"),
    maybe("decision", Integer, "the number of the decision that was made or taken back, where it was one"),
)

leases = table(
    "leases",
    "Who may do what only one at a time does. The lock itself goes with its process; the fence tells who holds it now.",
    key("name", Text, "arrivals, catalogue, webhooks or backup"),
    column("owner", Text, "host and process that took it last"),
    column("fence", Integer, "counts up whenever it is taken"),
    column("since", Text, "when it was taken, UTC"),
)

runs = table(
    "runs",
    "Every run that changes something, with its steps.",
    number("in order of their start"),
    column("command", Text, "what was run"),
    column("lease", Text, "the lease that it held"),
    column("owner", Text, "host and process"),
    column("started_at", Text, "UTC"),
    maybe("finished_at", Text, "UTC"),
    column("outcome", Text, "running, done, held, failed or died"),
    column("steps", sa.JSON(), "name, seconds and counts of every step"),
    maybe("error", Text, "what went wrong"),
    index("outcome", "lease"),
)

checkpoints = table(
    "checkpoints",
    "How far each follower has read: the aggregator the log of record changes, the others the change log.",
    key("follower", Text, "catalogue, search@HOST, or a program's own name"),
    column("position", Integer, "number of the last entry that is done"),
    column("at", Text, "when, UTC"),
)

failures = table(
    "failures",
    "Records, deliveries and webhooks set aside after repeated failure.",
    number("in order"),
    column("follower", Text, "whose work failed: catalogue, schedule or webhooks"),
    column("subject", Text, "what it was about, JSON"),
    column("error", Text, "what went wrong"),
    column("attempts", Integer, "how often it was tried"),
    column("at", Text, "when it was set aside, UTC"),
    column("state", Text, "open or replayed"),
    index("state"),
)

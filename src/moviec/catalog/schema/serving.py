"""What is served, and to whom: documents and their versions, the change log, accounts and keys."""

from __future__ import annotations

import sqlalchemy as sa

from moviec.catalog.schema.base import Film, Integer, Text, column, index, key, maybe, number, table

documents = table(
    "documents",
    "One ready JSON document per film: the API returns its bytes.",
    key("movie", Integer, "the film", "movies.movie"),
    column("document", Film, "JSON, compressed"),
    column("claims", Film, "every claim and why one won, JSON, compressed"),
    column("hash", Text, "SHA-256 of the document"),
    maybe("claims_hash", Text, "SHA-256 of the claims"),
    column("since", Text, "instant of publication, UTC"),
    column("change", Integer, "number of the change that published it"),
)

document_versions = table(
    "document_versions",
    "Documents as they stood before.",
    key("movie", Integer, "the film"),
    key("since", Text, "first instant at which it stood, UTC"),
    column("until", Text, "instant at which it no longer did, UTC"),
    maybe("document", Film, "JSON, compressed; NULL where the film was withdrawn"),
    maybe("claims", Film, "JSON, compressed"),
    maybe("hash", Text, "SHA-256 of the document"),
    maybe("claims_hash", Text, "SHA-256 of the claims"),
    index("since", "until"),
)

changes = table(
    "changes",
    "What changed, in order, numbered without gaps.",
    key("number", Integer, "place in the log"),
    column("at", Text, "instant of publication, UTC"),
    column("movie", Integer, "the film"),
    column("kind", Text, "created, updated, merged, split or withdrawn"),
    column("fields", Text, "by field the old and the new value, JSON"),
    maybe("source", Text, "whose delivery caused it, where it was one"),
    maybe("delivery", Text, "the delivery that caused it"),
    maybe("decision", Integer, "the number of the decision that caused it, where a person's verdict did"),
    index("movie"),
    index("at"),
)

webhooks = table(
    "webhooks",
    "Where changes are sent.",
    number("its id"),
    column("account", Text, "whose it is", "accounts.name"),
    column("url", Text, "address"),
    column("secret", Text, "for the signature"),
    column("state", Text, "active or off"),
    column("position", Integer, "number of the last change that was delivered"),
    column("failed", Integer, "failures in a row"),
    maybe("retry_at", Text, "not before, UTC"),
    column("created_at", Text, "UTC"),
    maybe("filter", Text, "which changes are sent, JSON; NULL is all"),
)

webhook_deliveries = table(
    "webhook_deliveries",
    "What was sent to webhooks, the last hundred of each.",
    number("in order"),
    column("webhook", Integer, "the webhook", "webhooks.number"),
    column("at", Text, "when it was sent, UTC"),
    column("kind", Text, "changes or ping"),
    maybe("first", Integer, "number of its first change"),
    maybe("last", Integer, "number of its last change"),
    column("changes", Integer, "changes in it"),
    column("ms", Integer, "milliseconds until the answer, or until it was given up"),
    maybe("error", Text, "what went wrong; NULL where it arrived"),
    index("webhook"),
)

accounts = table(
    "accounts",
    "Whose keys they are.",
    key("name", Text, "its name"),
    column("created_at", Text, "UTC"),
    maybe("disabled_at", Text, "UTC"),
)

keys = table(
    "keys",
    "API keys; the key itself is not kept.",
    number("its id"),
    column("account", Text, "whose it is", "accounts.name"),
    column("name", Text, "what it is for"),
    sa.Column("hash", sa.Text, nullable=False, unique=True, comment="SHA-256 of the key"),
    column("prefix", Text, "its first letters, to recognise it by"),
    column("scope", Text, "read or admin"),
    column("per_minute", Integer, "requests a minute"),
    column("created_at", Text, "UTC"),
    maybe("revoked_at", Text, "UTC"),
    index("account"),
)

usage = table(
    "usage",
    "Requests by key and day.",
    key("key", Integer, "the key", "keys.number"),
    key("day", Text, "UTC"),
    column("requests", Integer, "answered"),
    column("refused", Integer, "over the limit"),
)

catalogue_state = table(
    "catalogue_state",
    "Single facts about the catalogue.",
    key("name", Text, "what"),
    column("value", Text, "its value"),
)

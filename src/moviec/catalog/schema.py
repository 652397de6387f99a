"""The catalogue's tables, one schema for SQLite and PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

#: One row per delivery, in order of arrival. `state`: applied, unchanged (same bytes as `same_as`), held.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("source", sa.Text, nullable=False, index=True),
    sa.Column("delivered_at", sa.Text, nullable=False),
    sa.Column("received_at", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("same_as", sa.Text),
    sa.Column("replay_of", sa.Text),
    sa.Column("records", sa.Integer),
    sa.Column("report", sa.JSON, nullable=False),
)

#: The payloads of a delivery; `role` is the part its file plays, empty for a file that plays none or several.
delivery_payloads = sa.Table(
    "delivery_payloads",
    metadata,
    sa.Column("delivery", sa.Text, sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("reused", sa.Boolean, nullable=False),
)

#: The batches that exist. A file in the lake that is not named here is no batch.
batches = sa.Table(
    "batches",
    metadata,
    sa.Column("delivery", sa.Text, sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("source", sa.Text, nullable=False, index=True),
    sa.Column("records_file", sa.Text),
    sa.Column("keys_file", sa.Text, nullable=False),
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("tombstones", sa.Integer, nullable=False),
    sa.Column("outdated", sa.Integer, nullable=False),
)

#: Rows that could not be read. `state`: open, or replayed once a later reading could read them.
rejected_rows = sa.Table(
    "rejected_rows",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("delivery", sa.Text, sa.ForeignKey("deliveries.id"), nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("payload", sa.Text),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)

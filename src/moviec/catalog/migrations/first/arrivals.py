"""What arrived, where its bytes lie, and which rows could not be read."""

import sqlalchemy as sa
from alembic import op

#: In the order in which they are made: what others point at comes first.
TABLES = (
    "deliveries",
    "batches",
    "delivery_payloads",
    "rejected_rows",
)


def make() -> None:
    """Make the tables, with their indexes."""
    _deliveries()
    _batches()
    _delivery_payloads()
    _rejected_rows()


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="place in the order of arrival",
        ),
        sa.Column("id", sa.Text(), nullable=False, comment="begins with the instant of delivery"),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered"),
        sa.Column("delivered_at", sa.Text(), nullable=False, comment="when it was delivered, UTC"),
        sa.Column("received_at", sa.Text(), nullable=False, comment="when it was ingested, UTC"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="SHA-256 over its payloads' sums"),
        sa.Column("complete", sa.Boolean(), nullable=False, comment="a film it no longer lists is gone"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="applied, unchanged (same bytes as same_as) or held"
        ),
        sa.Column("same_as", sa.Text(), nullable=True, comment="the delivery with the same bytes"),
        sa.Column(
            "replay_of", sa.Text(), nullable=True, comment="the delivery whose rejected rows were read again"
        ),
        sa.Column("records", sa.Integer(), nullable=True, comment="films in it"),
        sa.Column("report", sa.JSON(), nullable=False, comment="what became of its rows and what was odd"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        comment="One row per delivery, in order of arrival.",
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deliveries_source"), ["source"], unique=False)


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column(
            "delivery",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the delivery that it came from",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered"),
        sa.Column(
            "records_file", sa.Text(), nullable=True, comment="Parquet file of changed records in the lake"
        ),
        sa.Column(
            "keys_file", sa.Text(), nullable=False, comment="Parquet file of the keys the delivery named"
        ),
        sa.Column("changed", sa.Integer(), nullable=False, comment="records new or changed"),
        sa.Column("tombstones", sa.Integer(), nullable=False, comment="records gone"),
        sa.Column("outdated", sa.Integer(), nullable=False, comment="rows that fresher data outdated"),
        sa.Column("published", sa.Boolean(), nullable=False, comment="the catalogue shows it"),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_batches_delivery"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_batches")),
        comment="The batches that exist. A file in the lake that is not named here is no batch.",
    )
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batches_source"), ["source"], unique=False)


def _delivery_payloads() -> None:
    op.create_table(
        "delivery_payloads",
        sa.Column("delivery", sa.Text(), autoincrement=False, nullable=False, comment="the delivery"),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="file name as delivered"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="the payload's name in the lake"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("reused", sa.Boolean(), nullable=False, comment="it came with an earlier delivery"),
        sa.Column(
            "removed_at", sa.Text(), nullable=True, comment="when its bytes were removed from the lake, UTC"
        ),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_delivery_payloads_delivery"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("delivery", "name", name=op.f("pk_delivery_payloads")),
        comment="The files of a delivery, by name.",
    )
    with op.batch_alter_table("delivery_payloads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_payloads_sha256"), ["sha256"], unique=False)


def _rejected_rows() -> None:
    op.create_table(
        "rejected_rows",
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="the row's number in quarantine",
        ),
        sa.Column("delivery", sa.Text(), nullable=False, comment="the delivery"),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered"),
        sa.Column("role", sa.Text(), nullable=False, comment="the file's role in the delivery"),
        sa.Column("payload", sa.Text(), nullable=True, comment="SHA-256 of the file"),
        sa.Column(
            "line", sa.BigInteger(), nullable=False, comment="physical line in the file, 1 is the first"
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it could not be read"),
        sa.Column("text", sa.Text(), nullable=False, comment="the row as delivered"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="open, or replayed once a later reading could read it"
        ),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_rejected_rows_delivery"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rejected_rows")),
        comment="Rows that could not be read.",
    )
    with op.batch_alter_table("rejected_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rejected_rows_delivery"), ["delivery"], unique=False)

"""Webhooks have filters, and what was sent to them is listed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Bring the schema up."""
    about = "which changes are sent, JSON; NULL is all"
    op.add_column("webhooks", sa.Column("filter", sa.Text(), nullable=True, comment=about))
    op.create_table(
        "webhook_deliveries",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="in order"),
        sa.Column("webhook", sa.Integer(), nullable=False, comment="the webhook"),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was sent, UTC"),
        sa.Column("kind", sa.Text(), nullable=False, comment="changes or ping"),
        sa.Column("first", sa.Integer(), nullable=True, comment="number of its first change"),
        sa.Column("last", sa.Integer(), nullable=True, comment="number of its last change"),
        sa.Column("changes", sa.Integer(), nullable=False, comment="changes in it"),
        sa.Column(
            "ms",
            sa.Integer(),
            nullable=False,
            comment="milliseconds until the answer, or until it was given up",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong; NULL where it arrived"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_webhook_deliveries")),
        sa.ForeignKeyConstraint(
            ["webhook"],
            ["webhooks.number"],
            name=op.f("fk_webhook_deliveries_webhook"),
            deferrable=True,
            initially="DEFERRED",
        ),
        comment="What was sent to webhooks, the last hundred of each.",
    )
    op.create_index(op.f("ix_webhook_deliveries_webhook"), "webhook_deliveries", ["webhook"])


def downgrade() -> None:
    """Take the schema down."""
    op.drop_table("webhook_deliveries")
    with op.batch_alter_table("webhooks") as batch_op:
        batch_op.drop_column("filter")

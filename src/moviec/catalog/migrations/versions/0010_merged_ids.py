"""Merged ids are found by the id that they lead to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Bring the schema up."""
    merged = sa.text("successor IS NOT NULL")
    op.create_index(
        op.f("ix_identities_successor"),
        "identities",
        ["successor"],
        sqlite_where=merged,
        postgresql_where=merged,
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_identities_successor"), table_name="identities")

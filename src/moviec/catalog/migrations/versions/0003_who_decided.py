"""Which person's decision stands behind a change, and behind a record that is settled anew."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ADDED = (
    ("record_changes", "the number of the decision that was made or taken back, where it was one"),
    ("changes", "the number of the decision that caused it, where a person's verdict did"),
)


def upgrade() -> None:
    """Bring the schema up."""
    for table, comment in ADDED:
        op.add_column(table, sa.Column("decision", sa.Integer(), nullable=True, comment=comment))


def downgrade() -> None:
    """Take the schema down."""
    for table, _ in ADDED:
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("decision")

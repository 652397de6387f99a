"""Who took a decision back. The lake's copy of the decisions is written whole by the next run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("decisions", sa.Column("undone_by", sa.Text(), nullable=True, comment="who took it back"))
    op.execute("DELETE FROM catalogue_state WHERE name = 'ledger/decisions'")


def downgrade() -> None:
    """Take the schema down."""
    with op.batch_alter_table("decisions") as batch_op:
        batch_op.drop_column("undone_by")

"""How many films' popularity and votes are known, in each monthly figure. The next run works the figures out again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ADDED = (
    ("popularity_known", "films with a known popularity"),
    ("votes_known", "films with a known number of votes"),
)


def upgrade() -> None:
    """Bring the schema up."""
    for name, comment in ADDED:
        op.add_column(
            "rollups", sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comment)
        )
    with op.batch_alter_table("rollups") as batch_op:
        for name, _ in ADDED:
            batch_op.alter_column(name, server_default=None)
    op.execute("DELETE FROM catalogue_state WHERE name = 'built_with'")


def downgrade() -> None:
    """Take the schema down."""
    with op.batch_alter_table("rollups") as batch_op:
        for name, _ in ADDED:
            batch_op.drop_column(name)

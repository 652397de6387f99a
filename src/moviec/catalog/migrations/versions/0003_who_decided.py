"""Which person's decision stands behind a change, and behind a record that is settled anew; the years of credits. The next run
works them out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ADDED = (
    ("record_changes", "the number of the decision that was made or taken back, where it was one"),
    ("changes", "the number of the decision that caused it, where a person's verdict did"),
)
YEAR = "of the film at the source"
DECADE = "the id there, empty for a bare name; a decade where one stands for several people"


def upgrade() -> None:
    """Bring the schema up."""
    for table, comment in ADDED:
        op.add_column(table, sa.Column("decision", sa.Integer(), nullable=True, comment=comment))
    op.add_column("party_credits", sa.Column("year", sa.Integer(), nullable=True, comment=YEAR))
    with op.batch_alter_table("parties") as batch_op:
        batch_op.alter_column("key", comment=DECADE)
    with op.batch_alter_table("leases") as batch_op:
        batch_op.alter_column("name", comment="arrivals, catalogue, webhooks or backup")
    op.execute("DELETE FROM catalogue_state WHERE name = 'built_with'")


def downgrade() -> None:
    """Take the schema down."""
    with op.batch_alter_table("party_credits") as batch_op:
        batch_op.drop_column("year")
    for table, _ in ADDED:
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("decision")

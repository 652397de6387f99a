"""Which person's decision stands behind a change, and behind a record that is settled anew; the years of credits; checksums of
claims and of documents that are superseded. The next run works them out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ADDED = (
    ("record_changes", "the number of the decision that was made or taken back, where it was one"),
    ("changes", "the number of the decision that caused it, where a person's verdict did"),
)
SUMS = (
    ("documents", "claims_hash", "SHA-256 of the claims; NULL where an older version published them"),
    ("document_versions", "hash", "SHA-256 of the document; NULL where an older version kept it"),
    ("document_versions", "claims_hash", "SHA-256 of the claims; NULL where an older version kept them"),
)
YEAR = "of the film at the source"
DECADE = "the id there, empty for a bare name; a decade where one stands for several people"


def upgrade() -> None:
    """Bring the schema up."""
    for table, comment in ADDED:
        op.add_column(table, sa.Column("decision", sa.Integer(), nullable=True, comment=comment))
    op.add_column("party_credits", sa.Column("year", sa.Integer(), nullable=True, comment=YEAR))
    for table, name, comment in SUMS:
        op.add_column(table, sa.Column(name, sa.Text(), nullable=True, comment=comment))
    with op.batch_alter_table("parties") as batch_op:
        batch_op.alter_column("key", comment=DECADE)
    with op.batch_alter_table("leases") as batch_op:
        batch_op.alter_column("name", comment="arrivals, catalogue, webhooks or backup")
    op.execute("DELETE FROM catalogue_state WHERE name = 'built_with'")


def downgrade() -> None:
    """Take the schema down."""
    with op.batch_alter_table("party_credits") as batch_op:
        batch_op.drop_column("year")
    for table, name, _ in reversed(SUMS):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column(name)
    for table, _ in ADDED:
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("decision")

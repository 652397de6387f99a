"""The catalogue: its tables stand by subject in `first/`."""

from alembic import op

from moviec.catalog.migrations.first import arrivals, figures, films, identity, operations, serving

revision = "0001"
down_revision = None

#: In an order in which what others point at comes first.
SUBJECTS = (films, figures, identity, arrivals, operations, serving)


def upgrade() -> None:
    """Bring the schema up."""
    for subject in SUBJECTS:
        subject.make()


def downgrade() -> None:
    """Take the schema back."""
    for subject in reversed(SUBJECTS):
        for table in reversed(subject.TABLES):
            op.drop_table(table)

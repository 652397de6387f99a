"""Sources that are asked over the web: their pace, how far they are known, the ids asked for; and pictures of posters."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "online",
        sa.Column("source", sa.Text(), nullable=False, comment="who is asked"),
        sa.Column("day", sa.Text(), nullable=False, comment="the day that `used` counts, UTC"),
        sa.Column("used", sa.Integer(), nullable=False, comment="requests of that day"),
        sa.Column(
            "next_at", sa.Float(), nullable=False, comment="when the next request may go, seconds since 1970"
        ),
        sa.Column(
            "since", sa.Text(), nullable=True, comment="up to when the source's changes are known, UTC"
        ),
        sa.Column("done_at", sa.Text(), nullable=True, comment="when its last round ended, UTC"),
        sa.Column(
            "failing_since",
            sa.Text(),
            nullable=True,
            comment="when it first failed since it last answered, UTC",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong last"),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_online")),
        comment="One row per source that is asked over the web.",
    )
    op.create_table(
        "asked",
        sa.Column("source", sa.Text(), nullable=False, comment="who was asked"),
        sa.Column("id", sa.Text(), nullable=False, comment="the id"),
        sa.Column("at", sa.Text(), nullable=False, comment="when, UTC"),
        sa.Column("found", sa.Boolean(), nullable=False, comment="the source knows it"),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_asked")),
        comment="Ids of films that a source was asked for, where it is asked for the films of the catalogue.",
    )
    op.create_table(
        "posters",
        sa.Column("source", sa.Text(), nullable=False, comment="who names the picture"),
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            comment="the picture's address or path, as the source delivers it",
        ),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="stored, or refused where it is none that can be shown",
        ),
        sa.Column(
            "sha256",
            sa.Text(),
            nullable=True,
            comment="the SHA-256 of the picture as it came: its name in the lake",
        ),
        sa.Column("width", sa.Integer(), nullable=True, comment="its width, pixels"),
        sa.Column("height", sa.Integer(), nullable=True, comment="its height, pixels"),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was fetched, UTC"),
        sa.Column("error", sa.Text(), nullable=True, comment="why it was refused"),
        sa.PrimaryKeyConstraint("source", "address", name=op.f("pk_posters")),
        comment="Pictures of posters that were fetched, and what became of them.",
    )
    op.create_index(op.f("ix_posters_state"), "posters", ["state"])


def downgrade() -> None:
    """Take the schema down."""
    for name in ("posters", "asked", "online"):
        op.drop_table(name)

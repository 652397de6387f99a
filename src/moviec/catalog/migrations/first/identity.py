"""Which record is which film, whose verdict stands behind it, and who is behind the credits."""

import sqlalchemy as sa
from alembic import op

#: In the order in which they are made: what others point at comes first.
TABLES = (
    "decisions",
    "identities",
    "matches",
    "models",
    "parties",
    "party_credits",
    "records",
)


def make() -> None:
    """Make the tables, with their indexes."""
    _decisions()
    _identities()
    _matches()
    _models()
    _parties()
    _party_credits()
    _records()


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="in order"),
        sa.Column("left_source", sa.Text(), nullable=False, comment="first record: source"),
        sa.Column("left_key", sa.Text(), nullable=False, comment="first record: key"),
        sa.Column("right_source", sa.Text(), nullable=False, comment="second record: source"),
        sa.Column("right_key", sa.Text(), nullable=False, comment="second record: key"),
        sa.Column("verdict", sa.Text(), nullable=False, comment="same or different"),
        sa.Column("who", sa.Text(), nullable=False, comment="who decided"),
        sa.Column("at", sa.Text(), nullable=False, comment="when, UTC"),
        sa.Column("undone", sa.Text(), nullable=True, comment="when it was taken back, UTC"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
        comment="People's verdicts on pairs of records.",
    )


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the number in mc…"),
        sa.Column("state", sa.Text(), nullable=False, comment="live, merged or withdrawn"),
        sa.Column("successor", sa.Integer(), nullable=True, comment="where a merged id leads"),
        sa.PrimaryKeyConstraint("movie", name=op.f("pk_identities")),
        comment="Every movie id ever given.",
    )


def _matches() -> None:
    op.create_table(
        "matches",
        sa.Column(
            "left_source", sa.Text(), autoincrement=False, nullable=False, comment="first record: source"
        ),
        sa.Column("left_key", sa.Text(), autoincrement=False, nullable=False, comment="first record: key"),
        sa.Column(
            "right_source", sa.Text(), autoincrement=False, nullable=False, comment="second record: source"
        ),
        sa.Column("right_key", sa.Text(), autoincrement=False, nullable=False, comment="second record: key"),
        sa.Column("weight", sa.Integer(), nullable=False, comment="log2 odds, millionths"),
        sa.Column(
            "contradicted", sa.Boolean(), nullable=False, comment="a person should look, however likely"
        ),
        sa.Column("shared_id", sa.Boolean(), nullable=False, comment="an external id is the same"),
        sa.Column("probability", sa.Integer(), nullable=False, comment="millionths, given the rivals"),
        sa.Column("band", sa.Text(), nullable=False, comment="accept, review or reject"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="feature, level and bits, a JSON list"),
        sa.PrimaryKeyConstraint(
            "left_source", "left_key", "right_source", "right_key", name=op.f("pk_matches")
        ),
        comment="Pairs of records that may be the same film, with the evidence.",
    )
    with op.batch_alter_table("matches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matches_band"), ["band"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_matches_right_source_right_key"), ["right_source", "right_key"], unique=False
        )


def _models() -> None:
    op.create_table(
        "models",
        sa.Column(
            "version",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="kind and digest of the content",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="match or fuse"),
        sa.Column("file", sa.Text(), nullable=False, comment="where it stands in the lake"),
        sa.Column("fitted_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("pinned", sa.Boolean(), nullable=False, comment="in force"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_models")),
        comment="The models that were fitted; the pinned one is in force.",
    )


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False, comment="people or companies"),
        sa.Column(
            "space",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="id space of the key, empty for a bare name",
        ),
        sa.Column(
            "key",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the id there, empty for a bare name",
        ),
        sa.Column("folded", sa.Text(), autoincrement=False, nullable=False, comment="folded name"),
        sa.Column("party", sa.Integer(), nullable=False, comment="the id in people or companies"),
        sa.PrimaryKeyConstraint("kind", "space", "key", "folded", name=op.f("pk_parties")),
        comment="Which person or company each name or id at a source is.",
    )
    with op.batch_alter_table("parties", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_kind_folded"), ["kind", "folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_parties_kind_party"), ["kind", "party"], unique=False)


def _party_credits() -> None:
    op.create_table(
        "party_credits",
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False, comment="people or companies"),
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False, comment="who lists it"),
        sa.Column(
            "role",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="director, writer, actor, …; empty for a company",
        ),
        sa.Column(
            "key",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the id at the source, empty where it gives none",
        ),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="as the source writes it"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded name"),
        sa.Column(
            "short", sa.Text(), nullable=False, comment="short form of the name, empty where there is none"
        ),
        sa.Column("party", sa.Integer(), nullable=False, comment="the id in people or companies"),
        sa.PrimaryKeyConstraint(
            "kind", "movie", "source", "role", "key", "name", name=op.f("pk_party_credits")
        ),
        comment="Every credit of every source, and whom it stands for.",
    )
    with op.batch_alter_table("party_credits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_credits_kind_folded"), ["kind", "folded"], unique=False)


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False, comment="who delivers it"),
        sa.Column("key", sa.Text(), autoincrement=False, nullable=False, comment="its id there"),
        sa.Column("movie", sa.Integer(), nullable=False, comment="the movie that it is, or was last"),
        sa.Column("live", sa.Boolean(), nullable=False, comment="the source still lists it"),
        sa.Column(
            "method",
            sa.Text(),
            nullable=False,
            comment="how it came to its movie: id, match, decision or alone",
        ),
        sa.Column("probability", sa.Integer(), nullable=True, comment="of its surest match, millionths"),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_records")),
        comment="Which movie each record is. A record that is gone keeps its place, so that it finds its movie again.",
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_records_movie"), ["movie"], unique=False)

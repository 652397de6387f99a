"""Figures of genres and companies, worked out from films."""

import sqlalchemy as sa
from alembic import op

#: In the order in which they are made: what others point at comes first.
TABLES = (
    "rankings",
    "rollups",
)


def make() -> None:
    """Make the tables, with their indexes."""
    _rankings()
    _rollups()


def _rankings() -> None:
    op.create_table(
        "rankings",
        sa.Column(
            "kind", sa.Text(), autoincrement=False, nullable=False, comment="genres or production_companies"
        ),
        sa.Column(
            "split", sa.Text(), autoincrement=False, nullable=False, comment="full or even, as in the rollups"
        ),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False, comment="year of release"),
        sa.Column(
            "measure",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="the column of the rollups that it is by",
        ),
        sa.Column(
            "entries", sa.Integer(), nullable=False, comment="genres or companies with films in that year"
        ),
        sa.Column("valued", sa.Integer(), nullable=False, comment="those of them with a value"),
        sa.Column(
            "first_entries",
            sa.Text(),
            nullable=False,
            comment="the first hundred ids, the largest value first, a JSON list",
        ),
        sa.Column(
            "last_entries",
            sa.Text(),
            nullable=False,
            comment="the last hundred ids with a value, the smallest last, a JSON list",
        ),
        sa.PrimaryKeyConstraint("kind", "split", "year", "measure", name=op.f("pk_rankings")),
        comment="Who leads and who trails in each year, from the rollups: lists kept ready for the API.",
    )


def _rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column(
            "kind", sa.Text(), autoincrement=False, nullable=False, comment="genres or production_companies"
        ),
        sa.Column(
            "split",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="full: a film counts wholly under each; even: it is divided among them",
        ),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False, comment="year of release"),
        sa.Column(
            "month",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="1 to 12; 0 is the whole year, with films whose month is unknown",
        ),
        sa.Column(
            "entry", sa.Integer(), autoincrement=False, nullable=False, comment="id of the genre or company"
        ),
        sa.Column("movies", sa.BigInteger(), nullable=False, comment="films, in millionths"),
        sa.Column("films", sa.Integer(), nullable=False, comment="films behind the figures"),
        sa.Column("budget", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("revenue", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("profit", sa.BigInteger(), nullable=True, comment="US dollars, of films with both known"),
        sa.Column("budget_known", sa.Integer(), nullable=False, comment="films with a known budget"),
        sa.Column("revenue_known", sa.Integer(), nullable=False, comment="films with known revenue"),
        sa.Column("profit_known", sa.Integer(), nullable=False, comment="films with both known"),
        sa.Column("popularity_sum", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("popularity_mean", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("popularity_median", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("popularity_max", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column("votes", sa.BigInteger(), nullable=False, comment="votes"),
        sa.Column("c_rating_known", sa.Integer(), nullable=False, comment="films with a C-rating"),
        sa.Column("c_rating_mean", sa.BigInteger(), nullable=True, comment="hundredths of a point"),
        sa.Column("c_rating_median", sa.BigInteger(), nullable=True, comment="hundredths of a point"),
        sa.Column("c_rating_max", sa.BigInteger(), nullable=True, comment="hundredths of a point"),
        sa.Column(
            "movie_ids", sa.Text(), nullable=False, comment="the films behind the figures, a JSON list"
        ),
        sa.PrimaryKeyConstraint("kind", "split", "year", "month", "entry", name=op.f("pk_rollups")),
        comment="Figures by genre or production company, year and month.",
    )
    with op.batch_alter_table("rollups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rollups_kind_entry"), ["kind", "entry"], unique=False)

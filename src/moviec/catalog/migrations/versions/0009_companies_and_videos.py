"""What sources say of companies (country, owner, other names), and videos of one's own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Bring the schema up."""
    for name, kind, about in (
        ("country", sa.Text(), "ISO 3166-1, where a source was asked for it"),
        ("parent", sa.Integer(), "the company that owns it, where that has films here"),
        ("parent_name", sa.Text(), "the name of the company that owns it"),
        ("told_by", sa.Text(), "the source that says so"),
    ):
        op.add_column("companies", sa.Column(name, kind, nullable=True, comment=about))
    op.create_table(
        "company_names",
        sa.Column("company", sa.Integer(), autoincrement=False, nullable=False, comment="the company"),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="as the source writes it"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.PrimaryKeyConstraint("company", "name", name=op.f("pk_company_names")),
        sa.ForeignKeyConstraint(
            ["company"],
            ["companies.id"],
            name=op.f("fk_company_names_company"),
            deferrable=True,
            initially="DEFERRED",
        ),
        comment="Other names of companies, by sources that were asked for them.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_company_names_folded"), "company_names", ["folded"])
    op.create_table(
        "company_details",
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False, comment="who says so"),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False, comment="the company's id there"),
        sa.Column("delivery", sa.Text(), nullable=False, comment="the delivery that it is from"),
        sa.Column("name", sa.Text(), nullable=True, comment="what it is called"),
        sa.Column("country", sa.Text(), nullable=True, comment="ISO 3166-1"),
        sa.Column("parent", sa.Text(), nullable=True, comment="the id there of the company that owns it"),
        sa.Column("parent_name", sa.Text(), nullable=True, comment="the name of that"),
        sa.Column("names", sa.Text(), nullable=False, comment="its other names, a JSON list"),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_company_details")),
        comment="What sources say of companies that they were asked for; a row without a name is of one that is no more.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_company_details_source_parent"), "company_details", ["source", "parent"])
    op.create_table(
        "videos",
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False, comment="whose list names it"),
        sa.Column(
            "address", sa.Text(), autoincrement=False, nullable=False, comment="the file's name in the list"
        ),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="stored, or refused where it is none that can be shown",
        ),
        sa.Column(
            "sha256", sa.Text(), nullable=True, comment="the SHA-256 of its bytes: its name in the lake"
        ),
        sa.Column("kind", sa.Text(), nullable=True, comment="mp4 or webm"),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="bytes"),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was looked at, UTC"),
        sa.Column("error", sa.Text(), nullable=True, comment="why it was refused"),
        sa.PrimaryKeyConstraint("source", "address", name=op.f("pk_videos")),
        comment="Video files of one's own that lists name as trailers, and what became of them.",
    )


def downgrade() -> None:
    """Take the schema down."""
    for name in ("videos", "company_details", "company_names"):
        op.drop_table(name)
    with op.batch_alter_table("companies") as batch_op:
        for name in ("country", "parent", "parent_name", "told_by"):
            batch_op.drop_column(name)

"""What is served, and to whom."""

import sqlalchemy as sa
from alembic import op

#: In the order in which they are made: what others point at comes first.
TABLES = (
    "accounts",
    "catalogue_state",
    "changes",
    "document_versions",
    "keys",
    "webhooks",
    "documents",
    "usage",
)


def make() -> None:
    """Make the tables, with their indexes."""
    _accounts()
    _catalogue_state()
    _changes()
    _document_versions()
    _keys()
    _webhooks()
    _documents()
    _usage()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="its name"),
        sa.Column("created_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("disabled_at", sa.Text(), nullable=True, comment="UTC"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
        comment="Whose keys they are.",
    )


def _catalogue_state() -> None:
    op.create_table(
        "catalogue_state",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="what"),
        sa.Column("value", sa.Text(), nullable=False, comment="its value"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_catalogue_state")),
        comment="Single facts about the catalogue.",
    )


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="place in the log"),
        sa.Column("at", sa.Text(), nullable=False, comment="instant of publication, UTC"),
        sa.Column("movie", sa.Integer(), nullable=False, comment="the film"),
        sa.Column("kind", sa.Text(), nullable=False, comment="created, updated, merged, split or withdrawn"),
        sa.Column("fields", sa.Text(), nullable=False, comment="by field the old and the new value, JSON"),
        sa.Column("source", sa.Text(), nullable=True, comment="whose delivery caused it, where it was one"),
        sa.Column("delivery", sa.Text(), nullable=True, comment="the delivery that caused it"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
        comment="What changed, in order, numbered without gaps.",
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_changes_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_changes_movie"), ["movie"], unique=False)


def _document_versions() -> None:
    op.create_table(
        "document_versions",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column(
            "since",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="first instant at which it stood, UTC",
        ),
        sa.Column("until", sa.Text(), nullable=False, comment="instant at which it no longer did, UTC"),
        sa.Column("document", sa.Text(), nullable=True, comment="JSON; NULL where the film was withdrawn"),
        sa.Column("claims", sa.Text(), nullable=True, comment="JSON"),
        sa.PrimaryKeyConstraint("movie", "since", name=op.f("pk_document_versions")),
        comment="Documents as they stood before.",
    )
    with op.batch_alter_table("document_versions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_document_versions_since_until"), ["since", "until"], unique=False
        )


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="its id"),
        sa.Column("account", sa.Text(), nullable=False, comment="whose it is"),
        sa.Column("name", sa.Text(), nullable=False, comment="what it is for"),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the key"),
        sa.Column("prefix", sa.Text(), nullable=False, comment="its first letters, to recognise it by"),
        sa.Column("scope", sa.Text(), nullable=False, comment="read or admin"),
        sa.Column("per_minute", sa.Integer(), nullable=False, comment="requests a minute"),
        sa.Column("created_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("revoked_at", sa.Text(), nullable=True, comment="UTC"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.name"],
            name=op.f("fk_keys_account"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_keys_hash")),
        comment="API keys; the key itself is not kept.",
    )
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keys_account"), ["account"], unique=False)


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="its id"),
        sa.Column("account", sa.Text(), nullable=False, comment="whose it is"),
        sa.Column("url", sa.Text(), nullable=False, comment="address"),
        sa.Column("secret", sa.Text(), nullable=False, comment="for the signature"),
        sa.Column("state", sa.Text(), nullable=False, comment="active or off"),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="number of the last change that was delivered"
        ),
        sa.Column("failed", sa.Integer(), nullable=False, comment="failures in a row"),
        sa.Column("retry_at", sa.Text(), nullable=True, comment="not before, UTC"),
        sa.Column("created_at", sa.Text(), nullable=False, comment="UTC"),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.name"],
            name=op.f("fk_webhooks_account"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_webhooks")),
        comment="Where changes are sent.",
    )


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("claims", sa.Text(), nullable=False, comment="every claim and why one won, JSON"),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the document"),
        sa.Column("since", sa.Text(), nullable=False, comment="instant of publication, UTC"),
        sa.Column("change", sa.Integer(), nullable=False, comment="number of the change that published it"),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_documents_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", name=op.f("pk_documents")),
        comment="One ready JSON document per film: the API returns its bytes.",
    )


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False, comment="the key"),
        sa.Column("day", sa.Text(), autoincrement=False, nullable=False, comment="UTC"),
        sa.Column("requests", sa.Integer(), nullable=False, comment="answered"),
        sa.Column("refused", sa.Integer(), nullable=False, comment="over the limit"),
        sa.ForeignKeyConstraint(
            ["key"], ["keys.number"], name=op.f("fk_usage_key"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("key", "day", name=op.f("pk_usage")),
        comment="Requests by key and day.",
    )

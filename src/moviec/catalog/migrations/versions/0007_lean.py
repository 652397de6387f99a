"""What takes the most room takes less: compressed texts, a list of credits for each film, tables in the order of their keys.

Documents, claims and evidence are compressed as they are. Credits are worked out again by the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from moviec.catalog.compression import compress, decompress

revision = "0007"
down_revision = "0006"

#: By table its key and the columns that are compressed, each with the kind of its dictionary.
TEXTS = {
    "documents": (("movie",), {"document": "films", "claims": "films"}),
    "document_versions": (("movie", "since"), {"document": "films", "claims": "films"}),
    "matches": (("left_source", "left_key", "right_source", "right_key"), {"evidence": "evidence"}),
}

COMMENTS = {
    ("documents", "document"): "JSON, compressed",
    ("documents", "claims"): "every claim and why one won, JSON, compressed",
    ("document_versions", "document"): "JSON, compressed; NULL where the film was withdrawn",
    ("document_versions", "claims"): "JSON, compressed",
    ("matches", "evidence"): "feature, level and bits, a JSON list, compressed",
}

#: The tables that SQLite keeps in the order of their keys, without numbers of its own for their rows.
CLUSTERED = (
    "titles", "movie_genres", "movie_companies", "credits", "movie_languages", "movie_countries", "movie_keywords",
    "external_ids", "ratings", "rollups", "rankings",
)  # fmt: skip

#: Comments of the columns whose sums are taken for every row.
SUMS = {
    ("documents", "claims_hash"): "SHA-256 of the claims",
    ("document_versions", "hash"): "SHA-256 of the document",
    ("document_versions", "claims_hash"): "SHA-256 of the claims",
}

#: Rows that are read and written at a time.
AT_ONCE = 5_000


def upgrade() -> None:
    """Bring the schema up."""
    for table, (key, kinds) in TEXTS.items():
        _rewrite(table, key, kinds, sa.LargeBinary(), lambda text, kind: compress(text, kind))
    for (table, name), comment in SUMS.items():
        with op.batch_alter_table(table) as batch:
            batch.alter_column(name, comment=comment, existing_type=sa.Text(), existing_nullable=True)
    op.drop_table("party_credits")
    op.create_table(
        "film_credits",
        sa.Column("kind", sa.Text(), nullable=False, comment="people or companies"),
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column(
            "credits", sa.LargeBinary(), nullable=False,
            comment="source, role, key, name, folded, short form, party and year of each; JSON, compressed",
        ),
        sa.PrimaryKeyConstraint("kind", "movie", name=op.f("pk_film_credits")),
        comment="Every credit of every source, and whom it stands for: what matching needs to tell people and companies apart.",
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "credit_names",
        sa.Column("kind", sa.Text(), nullable=False, comment="people or companies"),
        sa.Column(
            "name", sa.BigInteger(), autoincrement=False, nullable=False,
            comment="number of the folded name, from its SHA-256",
        ),
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.PrimaryKeyConstraint("kind", "name", "movie", name=op.f("pk_credit_names")),
        comment="The films that credit a name.",
        sqlite_with_rowid=False,
    )  # fmt: skip
    _cluster(False)
    op.execute("DELETE FROM catalogue_state WHERE name = 'built_with'")


def downgrade() -> None:
    """Take the schema down."""
    op.drop_table("credit_names")
    op.drop_table("film_credits")
    op.create_table(
        "party_credits",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "source", "role", "key", "name")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("folded", "short")),
        *(sa.Column(name, sa.Integer(), nullable=False, autoincrement=False) for name in ("movie", "party")),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "kind", "movie", "source", "role", "key", "name", name=op.f("pk_party_credits")
        ),
    )
    op.create_index(op.f("ix_party_credits_kind_folded"), "party_credits", ["kind", "folded"])
    for table, (key, kinds) in TEXTS.items():
        _rewrite(table, key, kinds, sa.Text(), lambda frame, _: decompress(frame).decode())
    _cluster(True)
    op.execute("DELETE FROM catalogue_state WHERE name = 'built_with'")


def _rewrite(
    table: str,
    key: Sequence[str],
    kinds: dict[str, str],
    kind_of_column: sa.types.TypeEngine[Any],
    change: Callable[[Any, str], Any],
) -> None:
    """Write some columns anew, in another type; sums of claims that an older version did not take are taken."""
    required = dict.fromkeys(kinds, table != "document_versions")
    for name in kinds:
        op.add_column(table, sa.Column(f"{name}_anew", kind_of_column, comment=COMMENTS[table, name]))
    connection = op.get_bind()
    there = sa.Table(table, sa.MetaData(), autoload_with=connection)
    own = [there.c[name] for name in key]
    wanted = [there.c[name] for name in kinds]
    after: tuple[Any, ...] | None = None
    while True:
        query = sa.select(*own, *wanted).order_by(*own).limit(AT_ONCE)
        if after is not None:
            query = query.where(sa.tuple_(*own) > sa.tuple_(*(sa.literal(value) for value in after)))
        rows = connection.execute(query).all()
        if not rows:
            break
        after = tuple(rows[-1][: len(own)])
        fresh = [
            {
                **{f"of_{name}": value for name, value in zip(key, row, strict=False)},
                **{
                    f"to_{name}": None if value is None else change(value, kinds[name])
                    for name, value in zip(kinds, row[len(own) :], strict=True)
                },
                **_sums(table, kinds, row[len(own) :]),
            }
            for row in rows
        ]
        values: dict[str, Any] = {f"{name}_anew": sa.bindparam(f"to_{name}") for name in kinds}
        if "claims" in kinds:
            sums = {"document": "hash", "claims": "claims_hash"}
            for name in sums.values():
                values[name] = sa.func.coalesce(there.c[name], sa.bindparam(f"sum_{name}"))
        same = sa.and_(*(column == sa.bindparam(f"of_{column.name}") for column in own))
        connection.execute(sa.update(there).where(same).values(values), fresh)
    with op.batch_alter_table(table) as batch:
        for name in kinds:
            batch.drop_column(name)
    with op.batch_alter_table(table) as batch:
        for name in kinds:
            batch.alter_column(f"{name}_anew", new_column_name=name, nullable=not required[name])


def _sums(table: str, kinds: dict[str, str], texts: Sequence[Any]) -> dict[str, str | None]:
    if "claims" not in kinds:
        return {}
    said = [decompress(text).decode() if isinstance(text, bytes) else text for text in texts]
    names = ("sum_hash", "sum_claims_hash")
    return {
        name: None if text is None else hashlib.sha256(text.encode()).hexdigest()
        for name, text in zip(names, said, strict=True)
    }


def _cluster(with_rowid: bool) -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in CLUSTERED:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_with_rowid": with_rowid}):
            pass

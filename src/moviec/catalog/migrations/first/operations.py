"""Work under way, and work that failed."""

import sqlalchemy as sa
from alembic import op

#: In the order in which they are made: what others point at comes first.
TABLES = (
    "checkpoints",
    "failures",
    "leases",
    "record_changes",
    "runs",
)


def make() -> None:
    """Make the tables, with their indexes."""
    _checkpoints()
    _failures()
    _leases()
    _record_changes()
    _runs()


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column(
            "follower",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="catalogue, search@HOST, or a program's own name",
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="number of the last entry that is done"),
        sa.Column("at", sa.Text(), nullable=False, comment="when, UTC"),
        sa.PrimaryKeyConstraint("follower", name=op.f("pk_checkpoints")),
        comment="How far each follower has read: the aggregator the log of record changes, the others the change log.",
    )


def _failures() -> None:
    op.create_table(
        "failures",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False, comment="in order"),
        sa.Column(
            "follower",
            sa.Text(),
            nullable=False,
            comment="whose work failed: catalogue, schedule or webhooks",
        ),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it was about, JSON"),
        sa.Column("error", sa.Text(), nullable=False, comment="what went wrong"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was tried"),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was set aside, UTC"),
        sa.Column("state", sa.Text(), nullable=False, comment="open or replayed"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_failures")),
        comment="Records, deliveries and webhooks set aside after repeated failure.",
    )
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failures_state"), ["state"], unique=False)


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column(
            "name", sa.Text(), autoincrement=False, nullable=False, comment="arrivals, catalogue or webhooks"
        ),
        sa.Column("owner", sa.Text(), nullable=False, comment="host and process that took it last"),
        sa.Column("fence", sa.Integer(), nullable=False, comment="counts up whenever it is taken"),
        sa.Column("since", sa.Text(), nullable=False, comment="when it was taken, UTC"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        comment="Who may do what only one at a time does. The lock itself goes with its process; the fence tells who holds it now.",
    )


def _record_changes() -> None:
    op.create_table(
        "record_changes",
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="place in the log, without gaps",
        ),
        sa.Column("at", sa.Text(), nullable=False, comment="when it was appended, UTC"),
        sa.Column("cause", sa.Text(), nullable=False, comment="delivery, decision or replay"),
        sa.Column(
            "delivery", sa.Text(), nullable=True, comment="the delivery whose batch it is, or whose record"
        ),
        sa.Column("source", sa.Text(), nullable=True, comment="of a single record: who delivers it"),
        sa.Column("key", sa.Text(), nullable=True, comment="of a single record: its id there"),
        sa.Column("records", sa.Integer(), nullable=False, comment="how many records it is about"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_record_changes")),
        comment="What changed among the records, in order: the log that the aggregator follows.",
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column(
            "number", sa.Integer(), autoincrement=True, nullable=False, comment="in order of their start"
        ),
        sa.Column("command", sa.Text(), nullable=False, comment="what was run"),
        sa.Column("lease", sa.Text(), nullable=False, comment="the lease that it held"),
        sa.Column("owner", sa.Text(), nullable=False, comment="host and process"),
        sa.Column("started_at", sa.Text(), nullable=False, comment="UTC"),
        sa.Column("finished_at", sa.Text(), nullable=True, comment="UTC"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="running, done, held, failed or died"),
        sa.Column("steps", sa.JSON(), nullable=False, comment="name, seconds and counts of every step"),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_runs")),
        comment="Every run that changes something, with its steps.",
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_outcome_lease"), ["outcome", "lease"], unique=False)

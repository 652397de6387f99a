"""What speaks against a pair stands in a column of its own, in place of a flag and a search through the evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SAID = """
UPDATE matches SET contradiction = CASE
  WHEN evidence LIKE '%["ids","contradict"%' THEN 'other ids'
  WHEN evidence LIKE '%"numbers differ"%' THEN 'other number'
  WHEN evidence LIKE '%"subtitles differ"%' THEN 'other subtitle'
  WHEN evidence LIKE '%["ids","agree"%' THEN 'an id that nothing else bears out'
  ELSE 'other directors' END
WHERE contradicted
"""


def upgrade() -> None:
    """Bring the schema up."""
    comment = "what speaks against the pair, however likely it is"
    op.add_column("matches", sa.Column("contradiction", sa.Text(), nullable=True, comment=comment))
    op.execute(_SAID)
    with op.batch_alter_table("matches") as batch_op:
        batch_op.drop_column("contradicted")


def downgrade() -> None:
    """Take the schema down."""
    flag: sa.Column[bool] = sa.Column("contradicted", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("matches", flag)
    op.execute("UPDATE matches SET contradicted = true WHERE contradiction IS NOT NULL")
    with op.batch_alter_table("matches") as batch_op:
        batch_op.drop_column("contradiction")

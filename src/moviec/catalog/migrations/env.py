"""What Alembic runs to migrate: the connection comes from `moviec.catalog.connect`, never from a file."""

from alembic import context

from moviec.catalog.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

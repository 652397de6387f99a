"""The history of the schema: Alembic's migrations, one file per change. `catalog.connect` brings a database up to date."""

"""The catalogue in open files: documents as they stood, as JSON lines or as flat tables, within the sources' licences."""

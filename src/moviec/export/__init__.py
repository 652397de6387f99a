"""The catalogue in open files: documents as of an instant, as JSON lines or as flat tables, within the sources'
licences.
"""

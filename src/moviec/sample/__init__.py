"""The bundled sample: some 270 well-known films, typed from common facts, delivered as six providers would."""

from moviec.sample.films import sample_films, write_sample

__all__ = ["sample_films", "write_sample"]

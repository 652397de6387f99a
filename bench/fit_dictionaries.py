"""Train the dictionaries that documents, claims and match evidence are compressed with, from a home of made-up films.

`fit_dictionaries.py HOME`: writes src/moviec/catalog/dictionaries, and prints what they come to on films that were not
trained on. A dictionary that a release shipped is never changed: what was compressed with it needs it. A better one gets
the next number.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
import zstandard

from moviec.catalog.compression import LEVEL
from moviec.catalog.connect import connect
from moviec.catalog.schema.identity import film_credits, matches
from moviec.catalog.schema.serving import documents

FOLDER = Path(__file__).resolve().parents[1] / "src" / "moviec" / "catalog" / "dictionaries"

#: Bytes of a dictionary. On made-up films 32, 64 and 112 KB bring a film's texts to 1,035, 1,016 and 1,000 bytes.
SIZES = {"films": 64 * 1024, "evidence": 16 * 1024, "credits": 32 * 1024}

#: The numbers of the dictionaries in the frames: from 32,768 on they are anybody's own.
NUMBERS = {"films": 33_001, "evidence": 33_002, "credits": 33_003}


def main() -> None:
    """Train on every third film, and on the evidence of every third pair; the rest is held out."""
    catalogue = connect(f"sqlite:///{Path(sys.argv[1]) / 'catalogue.db'}")
    with catalogue.connect() as connection:
        films = connection.execute(sa.select(documents.c.document, documents.c.claims)).all()
        credits = connection.scalars(sa.select(film_credits.c.credits)).all()
        pairs = connection.scalars(sa.select(matches.c.evidence)).all()
    catalogue.dispose()
    train(
        "films",
        [text for film in films[::3] for text in film],
        [text for film in films[1::3] for text in film],
    )
    train("credits", credits[::3], credits[1::3])
    train("evidence", sorted(set(pairs[::3])), pairs[1::3])


def train(name: str, texts: Sequence[str], held_out: Sequence[str]) -> None:
    """Write a dictionary and print what it comes to."""
    samples: list[bytes | bytearray | memoryview] = [text.encode() for text in texts]
    made = zstandard.train_dictionary(SIZES[name], samples, dict_id=NUMBERS[name])
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}-1.zdict").write_bytes(made.as_bytes())
    compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=made)
    plain = sum(len(text.encode()) for text in held_out)
    small = sum(len(compressor.compress(text.encode())) for text in held_out)
    print(
        f"{name}: {len(held_out):,} texts held out, {plain / small:.1f} times smaller, {small / len(held_out):.0f} bytes each"
    )


if __name__ == "__main__":
    main()

"""Every kind of cell read on 100,000 random texts: no failure, how many were read, and examples of these for a person to look at."""

from __future__ import annotations

import random
import sys
import time

from moviec.reading.kinds import KINDS

TEXTS = 100_000
PIECES = (
    [str(number) for number in (0, 1, 5, 7, 9, 12, 29, 31, 60, 75, 99, 136, 1999, 2001, 2049, 114709)]
    + [
        ".",
        ",",
        "/",
        ":",
        "-",
        "–",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "%",
        "$",
        "€",
        "£",
        "'",
        '"',
        "½",
        "★",
        "☆",
        "+",
        "~",
        "#",
        "&",
        ";",
        "|",
        "\\",
    ]
    + [
        "M",
        "K",
        "B",
        "min",
        "h",
        "hours",
        "million",
        "estimated",
        "USD",
        "May",
        "12th",
        "tt",
        "Q",
        "James",
        "de",
        "of",
        "the",
        "1080p",
        "BluRay",
        "http://",
        "imdb.com/title/",
        "N/A",
        "null",
        "Heat",
        "á",
        "Ã©",
        "\u200b",
    ]
    + [" ", " ", "\t"]
)


def text(random_: random.Random) -> str:
    """Make a text of pieces that cells are made of, or of any characters."""
    if random_.random() < 0.2:
        return "".join(chr(random_.randrange(32, 0x2FFF)) for _ in range(random_.randrange(12)))
    return "".join(random_.choice(PIECES) for _ in range(random_.randrange(1, 7)))


def main() -> None:
    """Read, and print by kind what was read."""
    shown = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    for name, kind in KINDS.items():
        random_ = random.Random(f"cells {name}")
        texts = [text(random_) for _ in range(TEXTS)]
        start = time.perf_counter()
        read = {}
        for cell in texts:
            if not kind.is_blank(cell) and (value := kind.read(cell, None)) is not None:
                read[cell] = value
        seconds = time.perf_counter() - start
        print(f"{name}: {len(read):,} of {TEXTS:,} texts read, {seconds / TEXTS * 1e6:.1f} µs each")
        for cell, value in random_.sample(sorted(read.items()), min(shown, len(read))):
            print(f"    {cell!r} -> {value.text!r} {dict(value.extras) or ''}")


if __name__ == "__main__":
    main()

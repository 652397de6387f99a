"""Makes the match model that ships with the package, from the half of the known pairs that is not held out."""

from __future__ import annotations

from pathlib import Path

from known_pairs import PAIRS, read_lists
from moviec.resolve.fit import Lesson, learn
from moviec.resolve.model import write_model

TARGET = Path(__file__).resolve().parents[1] / "src/moviec/resolve/model.json"


def main() -> None:
    """Learn and write the model; the same data gives the same bytes."""
    lists = read_lists()
    lessons = [
        Lesson(lists.films[left], lists.films[right], lists.known[left, right]) for left, right in PAIRS
    ]
    # Words are published with the package, so they are counted in lists under open licences only.
    open_lists = [lists.films["wikipedia"], lists.films["kaggle"]]
    model = learn("1", list(lists.films.values()), lessons, open_lists)
    write_model(model, TARGET)
    print(f"{TARGET.name}: {len(model.words)} words, calibration {model.calibration}")


if __name__ == "__main__":
    main()

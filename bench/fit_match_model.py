"""Makes the match model that ships with the package, from the half of the known pairs that is not held out."""

from __future__ import annotations

from pathlib import Path

from known_pairs import PAIRS, read_lists
from lake_records import SOURCES, features_of_all, hide_ids, read_records
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PairLimits
from moviec.matching.model import Model, write_model
from moviec.matching.source_weights import fit_pairs
from moviec.matching.training import Lesson, learn

TARGET = Path(__file__).resolve().parents[1] / "src/moviec/matching/model.json"


def main() -> None:
    """Learn and write the model; the same data gives the same bytes."""
    lists = read_lists()
    lessons = [
        Lesson(lists.films[left], lists.films[right], lists.known[left, right]) for left, right in PAIRS
    ]
    # Words are published with the package, so they are counted in lists under open licences only.
    open_lists = [lists.films["wikipedia"], lists.films["kaggle"]]
    model = learn(list(lists.films.values()), lessons, open_lists)
    write_model(with_sources(model), TARGET)
    print(f"{TARGET.name}: {len(model.words)} words, calibration {model.calibration}")


def with_sources(model: Model) -> Model:
    """Fit the weights for each two shipped sources on their records, ids hidden; no known pair is looked at."""
    with DuckEngine() as engine:
        match_features = features_of_all([hide_ids(read_records(name)) for name in SOURCES], model)
        engine.register("match_features", match_features)
        return fit_pairs(engine, model, PairLimits())


if __name__ == "__main__":
    main()

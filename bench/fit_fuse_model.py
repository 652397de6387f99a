"""Makes the model for fusing that ships with the package, from all shared deliveries: numbers only, no film's data."""

from __future__ import annotations

import sys
from pathlib import Path

from members import facts, load_members
from moviec.engine import DuckEngine
from moviec.fusion.training import fit_fuse
from rating_data import DATA

TARGET = Path(__file__).resolve().parents[1] / "src/moviec/fusion/model.json"


def main() -> None:
    """Learn and write the model; the same data gives the same bytes."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    with DuckEngine() as engine:
        records = load_members(engine)
        model = fit_fuse(engine, facts())
    TARGET.write_bytes(model.to_json())
    print(f"{TARGET.name}: {model.version}, from {records} records")


if __name__ == "__main__":
    main()

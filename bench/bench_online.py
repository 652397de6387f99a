"""How near the asking of an online source comes to the time that its limit allows, and whether its memory stays flat.

    python bench/bench_online.py [IDS] [RATE]

TMDB on the loopback has that many films and answers that many requests a second. What is timed is the asking, from the first
detail to the last, as the server saw it; memory is the process's own, looked at every second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from moviec.loopback.server import Request, Response, serving
from moviec.loopback.tmdb import Tmdb, detail
from moviec.sample.films import sample_films

KEY = "0" * 32


class Watched:
    """TMDB with made-up films, and when its details were asked for."""

    def __init__(self, count: int) -> None:
        film = detail(sample_films()[100])
        self.tmdb = Tmdb([], KEY)
        self.tmdb.ids = [(number, float(number)) for number in range(1, count + 1)]
        self.tmdb.detail = lambda number: (
            film | {"id": number, "imdb_id": f"tt{number:07}", "title": f"Film {number}"}
        )
        self.first = self.last = 0.0
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answer, and note when."""
        if request.path.startswith("/3/movie/"):
            with self._lock:
                self.last = time.monotonic()
                self.first = self.first or self.last
                self.count += 1
        return self.tmdb(request)


def main(count: int, rate: int) -> None:
    """Serve from this process, ask from another one, and print what it came to."""
    watched = Watched(count)
    with tempfile.TemporaryDirectory() as folder, serving({"tmdb": watched}) as served:
        home = Path(folder)
        settings = f'fetch_private = true\n[sources.tmdb]\nbase = "{served.url}/tmdb"\nrate = {rate}\nkey = "{KEY}"\n'
        (home / "moviec.toml").write_text(settings)
        asking = [
            sys.executable,
            "-c",
            "import pathlib, sys; from moviec.config import open_home; from moviec.pipeline.opening import open_run;"
            " from moviec.pipeline.online import take_online; from moviec.sources.registry import find_source;"
            " home = open_home(pathlib.Path(sys.argv[1]))\n"
            "with open_run(home) as context: print(take_online(context, find_source('tmdb')).requests)",
            folder,
        ]
        process = subprocess.Popen(asking)
        seen: list[tuple[float, int]] = []
        while process.poll() is None:
            seen.append((time.monotonic(), _resident(process.pid)))
            time.sleep(1)
        if process.returncode:
            raise SystemExit(process.returncode)
        packs = [path for path in (home / "lake" / "raw").rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in packs)
    took, allowed = watched.last - watched.first, (count - 1) / rate
    tenth = [mb for at, mb in seen if watched.first < at < watched.first + took / 10]
    end = [mb for at, mb in seen if watched.last - took / 10 < at < watched.last]
    print(
        msgspec.json.encode(
            {
                "ids": count,
                "requests": watched.count,
                "rate": rate,
                "seconds": round(took, 1),
                "allowed": round(allowed, 1),
                "over": f"{took / allowed - 1:+.1%}",
                "mb_first_tenth": max(tenth, default=0),
                "mb_last_tenth": max(end, default=0),
                "mb_peak": max(mb for _, mb in seen),
                "packs": len(packs),
                "packed_mb": round(size / 1e6, 1),
            }
        ).decode()
    )


def _resident(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [100_000, 250][len(given) :]))

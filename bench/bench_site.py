"""The site's pages on 700,000 made-up films, one process: a film's page and suggestions as one types, first and again; sizes.

What is timed is the whole request in this process, with the client that asks: less its share, which documents show.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from litestar.testing import TestClient

from api_data import home_of
from moviec.catalog.connect import connect
from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import open_home
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.server_state import open_server

FILMS = int(os.environ.get("MOVIEC_BENCH_FILMS", "700000"))

#: Films that are looked at, of the most voted ones.
LOOKED_AT = 400

#: The pages that hang on the whole catalogue.
OTHERS = ("/", "/search?query=the", "/search?genre=8&sort=rating", "/genres", "/genres/8", "/companies", "/people", "/collections",
          "/explore", "/explore?view=lines&first=1970&last=2000&top=6")  # fmt: skip


def main() -> None:
    """Measure everything and print it."""
    folder = home_of(FILMS)
    titles = known(folder)
    random.Random(1).shuffle(titles)
    home = open_home(folder, {"MOVIEC_LOG": "bench_site.log"})
    site = open_server(home, PipelineWorkbench(home))
    with TestClient(Middleware(make_litestar(site), site)) as client:
        while site.follower.known is None:  # filled beside, which would be measured along
            time.sleep(0.1)
        asked = [f"/movies/mc{movie}" for movie, _ in titles]
        for path in asked[:20]:
            client.get(path)
        typed = list(dict.fromkeys(title[:letters] for _, title in titles[:60] for letters in (3, 5, 8)))
        print(f"document            {told(client, [f'/v1{path}' for path in asked[20:]])}")
        print(f"film, first time    {told(client, asked[20:])} (bar: p50 5)")
        print(f"film, held          {told(client, asked[20:])}")
        print(
            f"suggest, first time {told(client, [f'/suggest?query={text}' for text in typed])} (bar: p50 5)"
        )
        for path in OTHERS:
            first, again = once(client, path), once(client, path)
            print(f"{path}: {first[0]:.0f} ms, held {again[0]:.1f} ms, {first[1] / 1000:.0f} kB (bar 100)")


def known(folder: Path) -> list[tuple[int, str]]:
    """Return number and title of the most voted films."""
    catalogue = connect(f"sqlite:///{folder / 'catalogue.db'}")
    query = sa.text("SELECT movie, title FROM movies ORDER BY votes DESC LIMIT :most")
    with catalogue.connect() as connection:
        return [(row.movie, row.title) for row in connection.execute(query, {"most": LOOKED_AT})]


def told(client: TestClient[Any], paths: Sequence[str]) -> str:
    """Ask for paths in turn; tell how long they took, on the clock and of the processor, and the largest body."""
    walls, sizes, began = [], [], time.process_time()
    for path in paths:
        took, size = once(client, path)
        walls.append(took)
        sizes.append(size)
    spent = 1000 * (time.process_time() - began) / len(paths)
    walls.sort()
    p50, p99 = (walls[int(len(walls) * share)] for share in (0.5, 0.99))
    return (
        f"p50 {p50:6.2f} ms, p99 {p99:6.2f} ms, processor {spent:.2f} ms, at most {max(sizes) / 1000:.0f} kB"
    )


def once(client: TestClient[Any], path: str) -> tuple[float, int]:
    """Ask for a path; return milliseconds and the body's bytes."""
    began = time.perf_counter()
    answer = client.get(path)
    took = 1000 * (time.perf_counter() - began)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return took, len(answer.content)


if __name__ == "__main__":
    main()

"""`moviec worker` and `moviec up`: the followers and schedules, alone or beside the server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from typing import Annotated

import typer

from moviec.cli.console import steps
from moviec.cli.options import HomeOption
from moviec.config import Home, open_home

#: Seconds that a worker has to end what it is doing when it is told to stop.
GRACE = 20


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do now, and stop.")] = False,
    home: HomeOption = None,
) -> None:
    """Publish what arrives, send webhooks, keep this host's index, take in what is due; until stopped.

    Start as many as you like: they stand by for one another.
    """
    from moviec.jobs.worker import work_once

    place = open_home(home)
    if once:
        with steps() as tell:
            work_once(place, tell)
    else:
        work_here(place)


def up(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that answer.")] = 1,
    home: HomeOption = None,
) -> None:
    """Serve the API and the site, and work beside it: `moviec serve` and `moviec worker` in one."""
    from moviec.cli.serve import run_server

    place = open_home(home)
    process = multiprocessing.get_context("spawn").Process(
        target=work_here, args=(place, True), name="moviec-worker"
    )
    process.start()
    try:
        run_server(place, host, port, workers)
    finally:
        process.terminate()
        process.join(GRACE)
        process.kill()


def work_here(home: Home, as_child: bool = False) -> None:
    """Work in this process until it is told to stop; a child also stops with its parent."""
    from moviec.jobs.worker import work

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN if as_child else lambda *_: stop.set())
    if as_child:
        threading.Thread(target=_watch, args=(os.getppid(), stop), daemon=True).start()
    print(f"working on {home.folder}", file=sys.stderr, flush=True)
    work(home, stop, lambda line: print(line, file=sys.stderr, flush=True))


def _watch(parent: int, stop: threading.Event) -> None:
    while not stop.wait(1):
        if os.getppid() != parent:
            stop.set()

"""`moviec serve`, `worker`, `up` and `mcp`: the processes that keep running."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from moviec.cli.console import HomeOption, give_way, steps
from moviec.config import Home, open_home, private
from moviec.errors import StoreError, UsageError
from moviec.work import work_folder

if TYPE_CHECKING:
    from litestar.types import ASGIApp

#: Seconds for running requests to finish when the server is stopped.
GRACE = 10

#: The most bytes of request headers; longer ones get status 431.
LONGEST_HEAD = 65_536


PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: PortOption = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Number of server processes.")] = 1,
    home: HomeOption = None,
) -> None:
    """Serve the API and the site until stopped; running requests are finished first."""
    run_server(open_home(home), host, port, workers)


def run_server(home: Home, host: str, port: int, workers: int = 1) -> None:
    """Serve a home until stopped. Raises StoreError where the catalogue or the address cannot be opened."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.errors import ConfigurationError
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    refuse_taken(host, port)
    if home.log:
        open(home.log, "ab", opener=private).close()  # fails here if that is impossible
    migrate_first(home, host, port)
    os.environ["MOVIEC_HOME"] = str(home.folder)
    with _indexing(home), _counting_together(workers):
        import moviec.web.app  # noqa: F401  loaded once, before the workers are forked, and after metrics are shared
        from moviec.web.connections import allowed_here

        serving = allowed_here(home.settings.serving)

        server: Any = Granian(
            "moviec.cli.serve:make_app",
            address=host,
            port=port,
            workers=workers,
            interface=Interfaces.ASGI,
            factory=True,
            log_level=LogLevels.warning,
            websockets=False,
            http=HTTPModes.http1,  # HTTP/2 is left to a proxy: without TLS it is unused, and it has limits of its own
            http1_settings=HTTP1Settings(
                header_read_timeout=max(serving.head, serving.idle) * 1000, max_buffer_size=LONGEST_HEAD
            ),
            backpressure=serving.connections_in_all,
            workers_kill_timeout=GRACE,
            respawn_failed_workers=True,
        )
        print(_greeting(home, host, port), file=sys.stderr, flush=True)
        try:
            server.serve()
        except (ConfigurationError, OSError, RuntimeError) as error:
            raise StoreError(str(error), f"{host}:{port}", "choose another --host or --port") from error


def _greeting(home: Home, host: str, port: int) -> str:
    """Print where the server is, who has access, and how to stop it."""
    shown = host if host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 - compared, not bound
    lines = [f"serving {home.folder} on http://{shown}:{port}{home.settings.path_prefix}; Ctrl-C stops it"]
    if home.log:
        lines.append(f"the log is {home.log}")
    if not home.settings.anonymous:
        lines.append(
            "a key is required (`moviec keys create NAME` creates one): programs send it, people sign in with it at /sign-in;"
            f" to allow reading without one set anonymous = true in {home.folder / 'moviec.toml'}"
        )
    return "\n".join(lines)


def migrate_first(home: Home, host: str, port: int) -> None:
    """Migrate the catalogue once, before there are several processes; requests meanwhile get a message."""
    from moviec.catalog.connect import connect, outdated

    if outdated(home.catalogue):
        from moviec.web.migrating import standing_in

        with standing_in(host, port):
            connect(home.catalogue).dispose()


def refuse_taken(host: str, port: int) -> None:
    """Raise StoreError where the address is taken: Granian would silently share a port with another server."""
    try:
        (family, kind, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        raise StoreError(
            error.strerror or str(error), f"{host}:{port}", "choose another --host or --port"
        ) from error


def make_app() -> ASGIApp:
    """Create the application in a worker; the home is MOVIEC_HOME."""
    from moviec.cli.pipeline_workbench import PipelineWorkbench
    from moviec.web.app import create_app
    from moviec.web.connections import allowed_here

    end_with_parent()
    home = open_home()
    serving = allowed_here(home.settings.serving)
    home = msgspec.structs.replace(home, settings=msgspec.structs.replace(home.settings, serving=serving))
    app = create_app(home, PipelineWorkbench(home))
    # What lives as long as the process is not looked through again: every quarter of a minute that held up all answers for 70 ms.
    gc.collect()
    gc.freeze()
    return app


def end_with_parent() -> None:
    """End this worker when its parent process is gone, so that it releases the port."""
    if (parent := multiprocessing.parent_process()) is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="moviec-parent", daemon=True).start()


def follow_index(home: Home) -> None:
    """Keep the host's index at the head of the log until stopped: the indexer's process."""
    from moviec.catalog.connect import connect
    from moviec.search.index import follow

    give_way()
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    catalogue = connect(home.catalogue, home.settings.patience)
    follow(catalogue, home.search, lambda seconds: done.wait(seconds) or os.getppid() != parent)
    catalogue.dispose()


@contextlib.contextmanager
def _indexing(home: Home) -> Iterator[None]:
    """Run the indexer in a process of its own: building an index would delay responses."""
    process = multiprocessing.get_context("spawn").Process(
        target=follow_index, args=(home,), name="moviec-indexer"
    )
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(GRACE)
        process.kill()  # it may be waiting to write; the next indexer continues from there
        process.join()


@contextlib.contextmanager
def _counting_together(workers: int) -> Iterator[None]:
    """Give several workers a folder in which their metrics and each caller's requests are added up."""
    if workers == 1:
        yield
        return
    from moviec.web.rate_counts import SHARED

    with work_folder() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        os.environ[SHARED] = str(folder / "counts")
        yield


#: Seconds that a worker has to finish its work when it is stopped.
WORKER_GRACE = 20


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do everything that is due now, and stop.")] = False,
    home: HomeOption = None,
) -> None:
    """Publish what arrives, send webhooks, keep this host's index, ingest scheduled deliveries; until stopped.

    Start as many as you like: the others take over if one stops.
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
    workers: Annotated[int, typer.Option(min=1, max=256, help="Number of server processes.")] = 1,
    home: HomeOption = None,
) -> None:
    """Serve the API and the site and run a worker: `moviec serve` and `moviec worker` in one."""

    place = open_home(home)
    process = multiprocessing.get_context("spawn").Process(
        target=work_here, args=(place, True), name="moviec-worker"
    )
    process.start()
    try:
        run_server(place, host, port, workers)
    finally:
        process.terminate()
        process.join(WORKER_GRACE)
        process.kill()


def work_here(home: Home, as_child: bool = False) -> None:
    """Work in this process until it is stopped; a child also stops with its parent."""
    from moviec.jobs.worker import work

    give_way()
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


def mcp(home: HomeOption = None) -> None:
    """Serve the Model Context Protocol on standard input and output, read only, until the client disconnects.

    Clients start it themselves: name `moviec mcp --home DIR` in their settings. Needs `pip install 'moviec[mcp]'`.
    """
    from moviec.library.catalogue import Catalogue

    try:
        from moviec.library.mcp_server import make_server
    except ImportError as error:
        raise UsageError("the MCP SDK is not installed", hint="pip install 'moviec[mcp]'") from error
    with Catalogue.open(home) as films:
        make_server(films).run("stdio")

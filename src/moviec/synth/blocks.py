"""What the providers have of films, block by block, rendered in as many processes as there are cores.

What a film looks like at a provider depends on nothing but the film, so a block needs no other; it is the same in whichever
process it is made. What depends on the films before is settled where the blocks are put together.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

import msgspec

from moviec.errors import StoreError
from moviec.synth.film import Film
from moviec.synth.invent import invent
from moviec.synth.provider import Rendering, Row
from moviec.synth.settings import Settings, memories, providers

#: Films rendered at a time: what is packed is packed in these pieces, so another number gives other bytes.
BLOCK = 2_500

#: The one process that puts blocks together keeps up with about so many that render them.
_MOST_WORKERS = 6


class Piece(msgspec.Struct, frozen=True):
    """Rows of a file, encoded, and how many they are."""

    data: bytes
    rows: int


class Part(msgspec.Struct, frozen=True):
    """A block at one provider: pieces of its files, and what it has of every film, with just the rows yet to be settled."""

    pieces: dict[str, Piece]
    renderings: list[Rendering | None]


class Block(msgspec.Struct, frozen=True):
    """Films, by number and as lines of JSON, and their parts in the order of the providers."""

    numbers: list[int]
    films: Piece
    parts: list[Part]


def rendered(films: Sequence[Film], settings: Settings) -> Block:
    """Render films for every provider."""
    unsettled = {name: memory.file for name, memory in memories(settings).items()}
    parts = []
    for provider in providers(settings):
        renderings = [provider.render(film) for film in films]
        rows: dict[str, list[Row]] = {format.name: [] for format in provider.files}
        for rendering in filter(None, renderings):
            for name, more in rendering.rows.items():
                rows[name] += more
        later = unsettled.get(provider.name)
        pieces = {
            format.name: Piece(format.encoded(rows[format.name]), len(rows[format.name]))
            for format in provider.files
            if format.name != later
        }
        parts.append(Part(pieces, [_only(rendering, later) for rendering in renderings]))
    lines = Piece(msgspec.json.Encoder().encode_lines(films), len(films))
    return Block([film.number for film in films], lines, parts)


def _only(rendering: Rendering | None, file: str | None) -> Rendering | None:
    """Leave nothing but the rows of one file."""
    if rendering is None:
        return None
    rows = {file: rendering.rows[file]} if file else {}
    return Rendering(rendering.key, rows, rendering.planted)


def invented(movies: int, settings: Settings, cores: int | None = None) -> Generator[Block, None, None]:
    """Invent so many films and render them, in order: equal arguments give equal blocks, on any number of cores.

    Raises StoreError where a process that renders ends early.
    """
    blocks = -(-movies // BLOCK)
    workers = min(cores or os.cpu_count() or 1, _MOST_WORKERS, blocks)
    if workers == 1:
        yield from _share(movies, settings, 0, 1)
        return
    spawn = multiprocessing.get_context("spawn")
    decode = msgspec.msgpack.Decoder(Block).decode
    started = []
    try:
        for at in range(workers):
            receiving, sending = spawn.Pipe(duplex=False)
            share = (sending, movies, settings, at, workers)
            process = spawn.Process(target=_send_share, args=share, daemon=True)
            process.start()
            sending.close()
            started.append((receiving, process))
        for at in range(blocks):
            yield decode(started[at % workers][0].recv_bytes())
    except (EOFError, OSError):
        raise StoreError(
            "a process that renders films ended early", "synth", "it may have run out of memory: try again"
        ) from None
    finally:
        for receiving, process in started:
            receiving.close()
            process.join()


def _share(movies: int, settings: Settings, at: int, workers: int) -> Iterator[Block]:
    """Yield every block of one worker: of so many the one `at`, and each that many further on."""
    for start in range(1 + at * BLOCK, movies + 1, workers * BLOCK):
        numbers = range(start, min(start + BLOCK, movies + 1))
        yield rendered(list(invent(movies, settings.seed, numbers)), settings)


def _send_share(sending: Connection, movies: int, settings: Settings, at: int, workers: int) -> None:
    """Send a worker's blocks, each when there is room for it in the pipe, for as long as somebody receives them.

    The collector of cycles is off, which is a sixth of the time: films, rows and draws have none.
    """
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError), sending:
        for block in _share(movies, settings, at, workers):
            sending.send_bytes(msgspec.msgpack.encode(block))

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
from moviec.synth.provider import Provider, Rendering, Row
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
    """A block at one provider: pieces of its files, and by film its key and the faults planted in it, where there are any.

    What depends on the films before is yet to be settled: those renderings, with no other rows.
    """

    pieces: dict[str, Piece]
    keys: dict[int, str]
    planted: dict[int, tuple[str, ...]]
    unsettled: dict[int, Rendering]


class Block(msgspec.Struct, frozen=True):
    """Films, by number and as lines of JSON, and their parts in the order of the providers."""

    numbers: list[int]
    films: Piece
    parts: list[Part]


def rendered(films: Sequence[Film], settings: Settings) -> Block:
    """Render films for every provider."""
    unsettled = {name: memory.file for name, memory in memories(settings).items()}
    return Block(
        [film.number for film in films],
        Piece(msgspec.json.Encoder().encode_lines(films), len(films)),
        [_part(provider, films, unsettled.get(provider.name)) for provider in providers(settings)],
    )


def _part(provider: Provider, films: Sequence[Film], unsettled: str | None) -> Part:
    """Render films for a provider, one file of which may have to be settled."""
    part = Part({}, {}, {}, {})
    rows: dict[str, list[Row]] = {format.name: [] for format in provider.files}
    for film in films:
        if (rendering := provider.render(film)) is None:
            continue
        if unsettled:
            later = {unsettled: rendering.rows.pop(unsettled)}
            part.unsettled[film.number] = Rendering(rendering.key, later, rendering.planted)
        else:
            note(film.number, rendering, part)
        for name, more in rendering.rows.items():
            rows[name] += more
    for format in provider.files:
        if format.name != unsettled:
            part.pieces[format.name] = Piece(format.encoded(rows[format.name]), len(rows[format.name]))
    return part


def note(number: int, rendering: Rendering, part: Part) -> None:
    """Note the key of a film and the faults planted in it."""
    if rendering.key is not None:
        part.keys[number] = rendering.key
    if rendering.planted:
        part.planted[number] = rendering.planted


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

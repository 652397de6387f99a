"""The index of a host: a folder that follows the change log; a new index is built separately and swapped in.

    HOME/search/current            names the folder in use
    HOME/search/NAME/              a tantivy index
    HOME/search/NAME/position.json what it holds: the change log up to that number

One indexer per host writes (enforced by a lock); any number of processes read. A deleted folder is rebuilt.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import sqlalchemy as sa
import tantivy

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.queries import (
    changed_movies,
    count_documents,
    documents_from,
    documents_of,
    head,
    set_checkpoint,
)
from moviec.errors import StoreError
from moviec.search.index_documents import FILTERED_VALUES, WHOLE_VALUES, index_documents
from moviec.search.location import LAYOUT, ORDERS, Position, current, open_index, position, sums
from moviec.search.summaries import Scale, measure
from moviec.units import plural
from moviec.work import written_aside

#: Documents folded and added at once.
STEP = 5_000

#: With more changed films than this share, a rebuild is cheaper than replacing. After as many changes since it was
#: built, an index is also rebuilt: by then the raters may differ from those by which its films were ranked.
ANEW = 0.5

#: The most memory that the writer uses before it writes a segment of the index: some 1.1 KB a film. Each search reads
#: every segment: among 700,000 films in six segments a mistyped query took 3.9 ms, in one 1.4 ms.
HEAP, HEAP_OF_CHANGES = 1_000_000_000, 50_000_000

Tell = Callable[[str], None]


def schema() -> tantivy.Schema:
    """Return the index's schema: folded words and their prefixes, whole titles, numbers to filter and sort by, and the
    summary.
    """
    made = tantivy.SchemaBuilder()
    for name in ("title", "people", "companies"):
        made.add_text_field(name, tokenizer_name="whitespace", index_option="position")
        made.add_text_field(f"{name}_begun", tokenizer_name="whitespace", index_option="basic")
    made.add_text_field("letters", tokenizer_name="whitespace", index_option="position")
    for name in WHOLE_VALUES:
        made.add_text_field(name, tokenizer_name="raw", index_option="basic")
    made.add_bytes_field("summary", stored=True)
    made.add_unsigned_field("movie", indexed=True, fast=True)
    for name in ("genre", "company"):
        made.add_unsigned_field(name, indexed=True, fast=True)
    made.add_unsigned_field("credit", indexed=True)
    for name in FILTERED_VALUES:
        made.add_text_field(name, tokenizer_name="raw", index_option="basic")
    made.add_text_field("collection_name", tokenizer_name="raw", index_option="basic", fast=True)
    for name in ORDERS:
        made.add_unsigned_field(name, fast=True)
    for name in ("rating", "votes", "raters", "year", "decade", "runtime"):
        made.add_integer_field(name, indexed=name in ("year", "runtime"), fast=True)
    made.add_unsigned_field("adult", indexed=True, fast=True)
    return made.build()


@contextlib.contextmanager
def indexer(folder: Path) -> Iterator[bool]:
    """Hold the host's indexer lock while the block runs; yield False if another process has it, or the folder is
    read-only.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / ".lock").open("w")
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        yield False
        return
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def follower() -> str:
    """Return the name of this host's index among the followers of the change log."""
    return f"search@{socket.gethostname()}"


def catch_up(catalogue: sa.Engine, folder: Path, tell: Tell = lambda _: None) -> int:
    """Update the index to the head of the log, building it if missing; return the number it has reached.

    Only for the host's one indexer. A killed run leaves the old index in use; the next run repeats it.
    """
    used = current(folder)
    held = position(used) if used else None
    with catalogue.connect() as connection:
        latest = head(connection)
        if used is not None and held is not None and held.change == latest:
            return latest
        if used is None or held is None or held.change > latest:
            return build(catalogue, folder, tell)
        changed = changed_movies(connection, held.change, latest)
        films = count_documents(connection)
    if len(changed) > max(STEP, films * ANEW) or latest - held.built > films * ANEW:
        return build(catalogue, folder, tell)
    try:
        _replace(catalogue, used, changed, held.scale)
    except StoreError:
        return build(catalogue, folder, tell)
    _settle(catalogue, used, msgspec.structs.replace(held, change=latest))
    return latest


def build(catalogue: sa.Engine, folder: Path, tell: Tell = lambda _: None) -> int:
    """Build a new index from all documents and swap it in; return the number of the log that it holds."""
    aside = folder / f"index-{time.time_ns()}"
    for left in folder.glob("index-*"):
        if left != current(folder):
            shutil.rmtree(left, ignore_errors=True)
    aside.mkdir(parents=True)
    with catalogue.connect() as connection:
        latest = head(connection)
        scale = measure(connection)
        fields = schema()
        writer = tantivy.Index(fields, str(aside)).writer(HEAP, 1)
        after, done = -1, 0
        while some := documents_from(connection, after, STEP):
            for document in index_documents((text for _, text in some), fields, scale):
                writer.add_document(document)
            after = some[-1][0]
            done += len(some)
            tell(f"search index: {plural(done, 'film', 'films')}")
        writer.commit()
        writer.wait_merging_threads()
    _settle(catalogue, aside, Position(latest, LAYOUT, latest, scale))
    with written_aside(folder / "current") as pointer:
        pointer.write_text(aside.name, "utf-8")
    return latest


def follow(catalogue: sa.Engine, folder: Path, wait: Callable[[float], bool], every: float = 0.25) -> None:
    """Keep the index at the head of the log until `wait(seconds)` returns true; idle while another process does it."""
    while not wait(every):
        with indexer(folder) as mine:
            while mine:
                catch_up(catalogue, folder)
                if wait(every):
                    return


def _replace(catalogue: sa.Engine, used: Path, changed: list[int], scale: Scale) -> None:
    index = open_index(used)
    writer = index.writer(HEAP_OF_CHANGES, 1)
    with catalogue.connect() as connection:
        for start in range(0, len(changed), STEP):
            some = changed[start : start + STEP]
            # By query: deleting by term treats numbers as signed, and finds none in an unsigned field.
            writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "movie", some))
            documents = (text for _, text in documents_of(connection, some))
            for document in index_documents(documents, index.schema, scale):
                writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _settle(catalogue: sa.Engine, index: Path, holds: Position) -> None:
    """Record what the index holds, after committing it: a run killed in between is repeated, with the same result."""
    before = position(index)
    files = sums(index, before.files if before else {})
    with written_aside(index / "position.json") as written:
        written.write_bytes(msgspec.json.encode(msgspec.structs.replace(holds, files=files)))
    with writing(catalogue, beside=True) as connection:
        set_checkpoint(connection, follower(), holds.change, now())

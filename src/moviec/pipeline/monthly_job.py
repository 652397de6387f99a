"""The one-shot job: a movies file in, month files by genre and company out; touches no catalogue."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa

from moviec.config import Running
from moviec.engine import DuckEngine, Limits
from moviec.engine.spark import open_spark, require
from moviec.engine.unreadable_cells import Unread, nothing_came
from moviec.errors import MovieCError, PayloadError, UsageError
from moviec.rollup import month_files as files
from moviec.rollup.monthly import FIELDS, Counting, account, in_order, monthly, name_films
from moviec.sources.audit import count_problems, unread_columns
from moviec.sources.own_mapping import facts_text
from moviec.sources.readers.scan import check_file
from moviec.sources.recognise import recognise_file
from moviec.sources.registry import find_source
from moviec.sources.spec import FileCount, Reading, Source, SourceSpec, Wanted, assign_roles
from moviec.sources.table.mapping import mapped_source
from moviec.storage.archives import sha256, unpack
from moviec.work import work_folder

if TYPE_CHECKING:  # it imports the catalogue, which this job does not touch
    from moviec.home.context import Tell

#: The first and the last release of the films that count.
_RELEASES = "SELECT min(released) AS first_release, max(released) AS last_release FROM films"


#: The engine's memory in MB for each core, and at most: with half of it a file of 900,000 rows is still read on two cores;
#: on 16 cores 640 MB are too little for it, since each thread has its buffers.
_EACH_CORE, _AT_MOST = 256, 1000


def own_limits() -> Limits:
    """Return the limits of the engine on this machine."""
    return Limits(memory=f"{min(_EACH_CORE * (os.cpu_count() or 1), _AT_MOST)}MB")


class Job(msgspec.Struct, frozen=True):
    """The job: which files to read, the folder to write, what counts, the layout of the month files, the engine's
    limits, and where sums are made.
    """

    paths: tuple[Path, ...]
    out: Path
    counting: Counting = Counting()
    layout: files.Layout = files.Layout()
    limits: Limits = msgspec.field(default_factory=own_limits)
    running: Running = Running()


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `last-run.json`. `films`: counted, and left out by reason. `set_to_unknown`: values, by rule."""

    state: Literal["running", "done", "failed"]
    started: dt.datetime
    ended: dt.datetime | None = None
    error: str | None = None
    delivered: dt.date | None = None  # films up to this day count as released
    inputs: dict[str, str] = {}  # path and SHA-256 of its bytes
    not_read: list[str] = []  # files of the delivery that are not used
    rows: dict[str, FileCount] = {}
    repaired_lines: dict[str, list[int]] = {}
    unknown_columns: dict[str, list[str]] = {}
    set_to_unknown: dict[str, int] = {}
    unread: list[Unread] = []  # columns of which most cells could not be read
    first_release: dt.date | None = None
    last_release: dt.date | None = None
    films: dict[str, int] = {}
    months: list[str] = []
    months_removed: list[str] = []  # those of an earlier run without films in this input
    months_there: list[str] = []  # all in the folder, including those of earlier runs
    layout: files.Layout | None = None  # of the month files in the folder
    died: dt.datetime | None = None  # when the previous run began, if it was interrupted


class _Desk(msgspec.Struct, frozen=True):
    """Two folders of a run: files in `staging` are moved into place at the end, `work` is removed."""

    staging: Path
    work: Path


def run_rollup(job: Job, tell: Tell = lambda _: None) -> Run:
    """Run the job; `tell` receives each step, and `last-run.json` always shows the progress.

    Raises MovieCError, with the month files as they were, when the input cannot be read.
    """
    _refuse_twice(job.paths)
    if job.running.spark:
        require()
    beside = job.out.resolve().parent if job.running.spark else None  # executors need access to it
    with files.exclusive(job.out) as staging, work_folder(beside) as work:
        run = _save(job, _begin(job, tell))
        try:
            run = _roll(job, run, _Desk(staging, work), tell)
        except MovieCError as error:
            _save(job, run, state="failed", error=str(error), ended=dt.datetime.now(dt.UTC))
            raise
        except BaseException as error:
            # Here, since it imports SQLAlchemy, which takes a tenth of a second.
            from moviec.transient import is_interrupt

            if not is_interrupt(error):
                raise
            _save(job, run, state="failed", error="stopped", ended=dt.datetime.now(dt.UTC))
            raise KeyboardInterrupt from error
        return _save(job, run, state="done", ended=dt.datetime.now(dt.UTC))


def _refuse_twice(paths: Sequence[Path]) -> None:
    """Raise UsageError for a file that is given twice, however its path is written."""
    known: set[Path] = set()
    for path in paths:
        if path.resolve() in known:
            raise UsageError("this file is given twice", str(path), "give each file once")
        known.add(path.resolve())


def _inside(desk: _Desk, number: int) -> Path:
    """Create the folder that one of the files is unpacked into: two may contain files of one name."""
    folder = desk.work / f"in-{number}"
    folder.mkdir()
    return folder


def _begin(job: Job, tell: Tell) -> Run:
    """Begin the record of a run, with what the previous run left; raises UsageError where the two would mix layouts."""
    before = files.read_json(job.out / files.LAST_RUN, Run)
    layout, died = (
        (before.layout, before.started if before.state == "running" else None) if before else (None, None)
    )
    if died:
        tell(f"the previous run, begun {died:%Y-%m-%d %H:%M} UTC, was interrupted")
    if layout and job.counting.since > dt.date.min and layout != job.layout:
        raise UsageError(
            f"the months there are {_said(layout)}, these would be {_said(job.layout)}",
            str(job.out),
            "give the same options as before, or leave --since out",
        )
    return Run(
        state="running",
        started=dt.datetime.now(dt.UTC),
        delivered=job.counting.delivered,
        layout=layout,
        died=died,
    )


def _said(layout: files.Layout) -> str:
    return f"{layout.format}, split {layout.split}, {'with' if layout.metadata else 'without'} metadata"


def _roll(job: Job, run: Run, desk: _Desk, tell: Tell) -> Run:
    with ThreadPoolExecutor() as aside, DuckEngine(job.limits) as engine:
        sums = {str(path): aside.submit(sha256, path) for path in job.paths if path.is_file()}
        plain = {path: list(unpack(path, _inside(desk, number))) for number, path in enumerate(job.paths)}
        source = _source_of([file for some in plain.values() for file in some], desk.work)
        roles, others = assign_roles([file for some in plain.values() for file in some], source.spec)
        for path, some in plain.items():
            if not set(some) & set(roles.values()):
                raise UsageError(
                    "this is not a file of the delivery",
                    str(path),
                    f"there are {', '.join(source.spec.files)}",
                )
        tell(f"reading {', '.join(path.name for path in roles.values())}")
        reading = source.read(engine, roles, Wanted(desk.work, FIELDS))
        inputs = {path: result.result() for path, result in sums.items()}
        run = _save(job, run, inputs=inputs, not_read=[path.name for path in others], **_read_facts(reading))

        tell("counting films")
        counts = account(engine, job.counting)
        counted = name_films(engine, job.counting, source.spec.numeric_keys, desk.work / files.FILMS)
        problems = counts.problems | count_problems(engine, "list_problems", "films")
        run = _save(
            job,
            run,
            **engine.query(_RELEASES).to_pylist()[0],
            films={"counted": counted, **counts.films, "before_since": counts.counting - counted},
            set_to_unknown=problems,
            unread=unread_columns(engine, source.spec, reading, problems),
        )

        tell("summing by genre and company")
        table = _monthly(engine, job, source.spec, desk.work)
        if not table.num_rows:
            names = ", ".join(path.name for path in roles.values())
            raise nothing_came(
                _nothing(run),
                names,
                [column for column in run.unread if column.mostly],
                f"see {job.out / files.LAST_RUN}",
            )
        tell("writing months")
        months = files.stage_months(engine, table, desk.staging, job.layout)
        files.stage_films(engine, desk.work / files.FILMS, job.out, job.counting.since)
        rejected = [file.rejected for file in reading.files.values()]
        files.write_rejected(rejected, desk.staging / files.REJECTED)
        removed = files.swap(desk.staging, job.out, files.month_of(job.counting.since))
        there = files.months_in(job.out)
        return msgspec.structs.replace(
            run, months=months, months_removed=removed, months_there=there, layout=job.layout
        )


def _monthly(engine: DuckEngine, job: Job, spec: SourceSpec, work: Path) -> pa.Table:
    labels = genre_labels(spec)
    if not job.running.spark:
        return monthly(engine, job.layout.split, labels)
    from moviec.pipeline.on_cluster import (
        spread_sums,  # imports the stages of a publication, which this job does not need
    )

    with open_spark(job.running.master, work) as spark:
        sums = spread_sums(spark, work / files.FILMS, job.layout.split, labels, spec.numeric_keys)
    return in_order(engine, sums)


def _source_of(files: Sequence[Path], work: Path) -> Source:
    """Return the source that reads the files: The Movies Dataset, or the mapping of a single table of another layout."""
    kaggle = find_source("kaggle")
    if len(files) != 1:
        return kaggle
    try:
        check_file(files[0], next(iter(kaggle.spec.files.values())))
    except PayloadError as error:
        room = work / "layout"
        room.mkdir()
        try:
            found = recognise_file(files[0], room, None)
        except MovieCError:
            raise error from None
        if found.layout is None:
            return find_source(found.source)
        return mapped_source(msgspec.toml.decode(facts_text(found.layout), type=SourceSpec))
    return kaggle


def _nothing(run: Run) -> str:
    """Return why no month was written."""
    left = ", ".join(
        f"{films:,} {why.replace('_', ' ')}" for why, films in run.films.items() if films and why != "counted"
    )
    counted = run.films["counted"]
    return (
        f"no month to write: {counted:,} {'film counts' if counted == 1 else 'films count'}"
        + (f" ({left})" if left else "")
        + (", none with a genre or a company that could be read" if counted else "")
    )


def genre_labels(spec: SourceSpec) -> pa.Table:
    """Return a source's genre labels with their genres: label, id, name."""
    labels = list(spec.genres)
    known = list(spec.genres.values())
    ids = [genre.id if spec.numeric_keys else None for genre in known]
    columns = {"label": labels, "id": ids, "name": [genre.name for genre in known]}
    kind = pa.int64() if spec.numeric_keys else pa.string()
    types: list[tuple[str, pa.DataType]] = [("label", pa.string()), ("id", kind), ("name", pa.string())]
    schema = pa.schema(types)
    return pa.table(columns, schema=schema)


def _read_facts(reading: Reading) -> dict[str, Any]:
    found = reading.files.items()
    return {
        "rows": {role: file.count for role, file in found},
        "repaired_lines": {role: file.repaired["line"].to_pylist() for role, file in found if file.repaired},
        "unknown_columns": {role: list(file.unknown_columns) for role, file in found if file.unknown_columns},
    }


def _save(job: Job, run: Run, **changes: Any) -> Run:
    run = msgspec.structs.replace(run, **changes)
    files.write_json(run, job.out / files.LAST_RUN)
    return run

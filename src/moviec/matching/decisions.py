"""People's decisions on pairs of records: reading, writing, normalising, and checking for contradictions.

Returns the decisions in force, which of them win where they contradict each other, and which uncertain pairs are most
worth a person's time.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.errors import PayloadError, StoreError
from moviec.matching.graph import Edges, Integers, connected
from moviec.model import MILLION
from moviec.spelling import fault_of_name
from moviec.text import Column, pc
from moviec.work import written_aside

_ENDS = ("left_source", "left_key", "right_source", "right_key")
_SortKeys = list[tuple[str, Literal["ascending", "descending"]]]
_INSTANT = pa.timestamp("us", "UTC")

#: Every decision ever made, `verdict` "same" or "different". The record of a pair that comes first by (source, key) is
#: the left one. `undone`: when it was undone, and `undone_by`: by whom; null while it is in force.
DECISION_LOG = pa.schema(
    [pa.field(name, pa.string()) for name in (*_ENDS, "verdict", "who")]
    + [pa.field(name, _INSTANT) for name in ("at", "undone")]
    + [pa.field("undone_by", pa.string())]
)

#: The decisions in force in the form that clustering takes: a verdict on two records, in either order; oldest first.
_DECISIONS: list[tuple[str, pa.DataType]] = [*((name, pa.string()) for name in _ENDS), ("same", pa.bool_())]
DECISIONS = pa.schema(_DECISIONS)

#: A record: source, key.
Record = tuple[str, str]


class Contradiction(msgspec.Struct, frozen=True):
    """Two records judged different, and the chain of records judged the same that connects them.

    `through` begins with one and ends with the other; neighbours in it were judged the same.
    """

    through: tuple[Record, ...]

    def __str__(self) -> str:
        """Return it in one line, as in "imdb:tt1 = kaggle:5 = wikipedia:Heat, yet imdb:tt1 is not wikipedia:Heat"."""
        names = [f"{source}:{key}" for source, key in self.through]
        return f"{' = '.join(names)}, yet {names[0]} is not {names[-1]}"


def read_decisions(path: Path, now: dt.datetime) -> pa.Table:
    """Read decisions (DECISION_LOG) from a CSV file with its columns by name; `undone` and `undone_by` may be left out.

    Instants are ISO 8601, UTC where they name no zone; one after `now` is refused, since no later verdict could take its
    place. Raises PayloadError with line and reason: all rows or none.
    """
    rows, wrong = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in DECISION_LOG.names[:-2] if name not in (reader.fieldnames or ())]
            if missing:
                raise PayloadError(f"no column {', '.join(missing)}", path.name)
            for cells in reader:
                try:
                    rows.append(_row(cells, now))
                except ValueError as error:
                    wrong.append(f"line {reader.line_num}: {error}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PayloadError(f"cannot be read ({error})", path.name) from error
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise PayloadError(f"{wrong[0]}{more}", path.name, "nothing was read; mend the file and try again")
    return normal(pa.Table.from_pylist(rows, schema=DECISION_LOG))


def write_decisions(log: pa.Table, path: Path) -> None:
    """Write decisions (DECISION_LOG) as CSV, oldest first; the same decisions give the same bytes."""
    try:
        with written_aside(path) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(DECISION_LOG.names)
            for row in normal(log).to_pylist():
                writer.writerow(
                    value.isoformat() if isinstance(value, dt.datetime) else value for value in row.values()
                )
    except OSError as error:
        raise StoreError(f"cannot be written ({error.strerror})", str(path)) from error


def normal(log: pa.Table) -> pa.Table:
    """Order each pair's ends and the decisions, without duplicates: oldest first, "different" last within an
    instant.
    """
    log = log.select(DECISION_LOG.names).cast(DECISION_LOG).combine_chunks()
    ends = [log[name].combine_chunks() for name in _ENDS]
    turn = pc.or_(
        pc.greater(ends[0], ends[2]), pc.and_(pc.equal(ends[0], ends[2]), pc.greater(ends[1], ends[3]))
    )
    for at, name in enumerate(_ENDS):
        log = log.set_column(at, name, pc.if_else(turn, ends[at - 2], ends[at]))
    log = log.group_by(log.column_names, use_threads=False).aggregate([]).select(DECISION_LOG.names)
    keys: _SortKeys = [
        *((name, "ascending") for name in ("at", *_ENDS)),
        ("verdict", "descending"),
        *((name, "ascending") for name in ("who", "undone", "undone_by")),
    ]
    return log.sort_by(keys).cast(DECISION_LOG)


def in_force(log: pa.Table) -> pa.Table:
    """Keep each pair's latest decision that was not undone, oldest first; at the same instant "different" wins."""
    in_force = normal(log.filter(pc.is_null(log["undone"])))
    pair = pc.dictionary_encode(_names(in_force, *_ENDS)).indices.to_numpy()
    latest = np.unique(pair[::-1], return_index=True)[1]
    return in_force.take(np.sort(len(in_force) - 1 - latest))


def as_table(log: pa.Table) -> pa.Table:
    """Return the decisions in force as DECISIONS."""
    kept = in_force(log)
    return kept.select(_ENDS).append_column("same", pc.equal(kept["verdict"], "same"))


def adopt(left: Integers, right: Integers, same: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which verdicts win (records by number, oldest first): among contradicting ones, the later.

    A verdict may contradict several others combined: A is B, B is C, A is not C.
    """
    label: dict[int, int] = {int(record): int(record) for record in np.append(left, right)}
    groups = {record: [record] for record in label}
    apart: dict[int, set[int]] = {record: set() for record in label}  # labels that this one must not join
    holds = np.zeros(len(left), dtype=np.bool_)
    for at in range(len(left) - 1, -1, -1):
        one, other = sorted((label[int(left[at])], label[int(right[at])]))
        holds[at] = other not in apart[one] if same[at] else one != other
        if not holds[at] or one == other:
            continue
        if not same[at]:
            apart[one].add(other)
            apart[other].add(one)
            continue
        for record in groups[other]:
            label[record] = one
        groups[one] += groups.pop(other)
        for third in apart.pop(other):
            apart[third].discard(other)
            apart[third].add(one)
            apart[one].add(third)
    return holds


def contradictions(log: pa.Table) -> list[Contradiction]:
    """Return the decisions in force that cannot all be true: A is B, B is C, A is not C; each with the shortest
    chain.
    """
    verdicts = as_table(log)
    left, right = _names(verdicts, *_ENDS[:2]), _names(verdicts, *_ENDS[2:])
    records = pc.unique(pa.concat_arrays([left, right]))
    ends = [pc.index_in(side, records).to_numpy().astype(np.int64) for side in (left, right)]
    same = verdicts["same"].to_numpy()
    joined = connected(Edges(len(records), ends[0][same], ends[1][same], np.ones(same.sum(), dtype=np.int64)))
    torn = ~same & (joined[ends[0]] == joined[ends[1]])
    if not torn.any():
        return []
    inside = np.isin(joined[ends[0]], joined[ends[0][torn]]) & same
    beside = _neighbours(verdicts.filter(pa.array(inside)))
    return [
        Contradiction(
            _way(beside, (row["left_source"], row["left_key"]), (row["right_source"], row["right_key"]))
        )
        for row in verdicts.filter(pa.array(torn)).to_pylist()
    ]


def value(pairs: pa.Table, movies: pa.Table) -> pa.Table:
    """Add `value`, the worth of a verdict on each pair, and sort by it, the highest first.

    `pairs`: the four ends, probability (millionths), any more. `movies`: for each record (source, key) the votes and
    number of records of its current movie; unknown counts as 0. `value`, in millionths, is
    4p(1 - p) × log2(1 + votes + records), votes and records of both movies: docs/matching.md.
    """
    p = pairs["probability"].to_numpy() / MILLION
    stakes = _stakes(pairs, movies, _ENDS[:2]) + _stakes(pairs, movies, _ENDS[2:])
    worth = np.rint(MILLION * 4 * p * (1 - p) * np.log2(1 + stakes)).astype(np.int64)
    valued = pairs.append_column("value", pa.array(worth, pa.int64()))
    keys: _SortKeys = [("value", "descending"), *((name, "ascending") for name in _ENDS)]
    return valued.sort_by(keys)


def _row(cells: Mapping[str, str | None], now: dt.datetime) -> dict[str, object]:
    """Read a decision from the cells of its row; raises ValueError with the reason where it is invalid."""
    texts = {name: (cells.get(name) or "").strip() for name in DECISION_LOG.names}
    if None in cells:
        raise ValueError("more cells than columns")
    for name in _ENDS:
        if not texts[name]:
            raise ValueError(f"no {name}")
    for name in ("who", *(["undone_by"] if texts["undone_by"] else [])):
        if fault := fault_of_name(texts[name]):
            raise ValueError(f"{fault} in '{name}'")
    if (texts["left_source"], texts["left_key"]) == (texts["right_source"], texts["right_key"]):
        raise ValueError("a record is paired with itself")
    if texts["verdict"] not in ("same", "different"):
        raise ValueError(f"the verdict is 'same' or 'different', not '{texts['verdict']}'")
    instants = {name: _instant(name, texts[name]) for name in ("at", "undone")}
    if instants["at"] is None:
        raise ValueError("no time in 'at'")
    for name, instant in instants.items():
        if instant and instant > now:
            raise ValueError(f"'{texts[name]}' in '{name}' is in the future")
    return {**texts, "undone_by": texts["undone_by"] or None, **instants}


def _instant(name: str, cell: str) -> dt.datetime | None:
    if not cell:
        return None
    try:
        read = dt.datetime.fromisoformat(cell)
    except ValueError as error:
        raise ValueError(f"'{cell}' in '{name}' is not a time like 2026-11-21T14:05:00Z") from error
    return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)


def _names(table: pa.Table, *columns: str) -> Column:
    return pc.binary_join_element_wise(*(table[name].combine_chunks() for name in columns), "\x1f")


def _stakes(pairs: pa.Table, movies: pa.Table, ends: tuple[str, ...]) -> Integers:
    """Return votes and records of the movie at one end of each pair."""
    at = pc.index_in(_names(pairs, *ends), _names(movies, "source", "key"))
    counted = pc.add(*(pc.fill_null(movies[name], 0) for name in ("votes", "records")))
    found: Integers = pc.fill_null(pc.take(counted, at), 0).to_numpy()
    return found


def _neighbours(verdicts: pa.Table) -> dict[Record, list[Record]]:
    beside: dict[Record, list[Record]] = defaultdict(list)
    for row in verdicts.to_pylist():
        one, other = (row["left_source"], row["left_key"]), (row["right_source"], row["right_key"])
        beside[one].append(other)
        beside[other].append(one)
    return {record: sorted(others) for record, others in beside.items()}


def _way(beside: Mapping[Record, list[Record]], start: Record, end: Record) -> tuple[Record, ...]:
    """Return the shortest path between two connected records; of several the first in order."""
    came: dict[Record, Record] = {start: start}
    waiting = deque([start])
    while end not in came:
        here = waiting.popleft()
        for there in beside[here]:
            if there not in came:
                came[there] = here
                waiting.append(there)
    way = [end]
    while way[-1] != start:
        way.append(came[way[-1]])
    return tuple(reversed(way))

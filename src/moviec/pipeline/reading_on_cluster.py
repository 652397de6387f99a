"""Reading spread over a cluster: the driver stages a delivery's files as rows of text, since a packed file or a CSV with line breaks in
its cells is only read from its beginning; Spark reads these by splits and divides them by film; the source's own query makes
the records of each part.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.spark import Spark
from moviec.pipeline.on_cluster import ONE_THREAD, SQL, parts_of
from moviec.sources.spec import Reading, SourceSpec, Wanted
from moviec.sources.sql import SqlSource, film_columns, types_of
from moviec.sql import filled

#: The least and the most films whose rows make one part: of fewer, the query is done before a task has started. Judgements, not
#: measured.
READ_OF = (1_000, 50_000)


class StagedRole(msgspec.Struct, frozen=True):
    """The rows of a role in one file, with columns c0, c1, …; `types`: by their names in the source, their types as SQL writes them.
    Spark takes no name in two spellings, and some letters not at all.
    """

    path: Path
    types: dict[str, str]


_FILES: list[tuple[str, pa.DataType]] = [("part", pa.int32()), ("role", pa.string()), ("path", pa.string())]
#: The files of a part's rows.
FILES = pa.schema(_FILES)

_RECORDS: list[tuple[str, pa.DataType]] = [("part", pa.int32()), ("path", pa.string())]
#: The file of a part's records.
RECORDS = pa.schema(_RECORDS)


def read_spread(
    spark: Spark, engine: DuckEngine, source: SqlSource, files: Mapping[str, Path], wanted: Wanted
) -> Reading:
    """Read plain files, by role, into the view `records`, as `source.read` does without a cluster, in another order.

    What is small, or cannot be divided by film, is read by the driver.
    """
    staged = source.stage(engine, files, wanted)
    keys = film_columns(source.spec, files)
    main = next(iter(source.spec.files))
    films = engine.query(f"SELECT count(*) AS films FROM {main}")["films"][0].as_py() if keys else 0
    parts = parts_of(spark, films, READ_OF)
    if parts == 1:
        return source.records(engine, staged, wanted)
    spark.expect(films)
    roles = _written(engine, source.spec, spark.folder())
    spark.register("rows_to_read", _divided(spark, roles, keys, parts))
    spark.group("read_parts", "rows_to_read", partial(_read, source, wanted, roles, spark.folder()), RECORDS)
    engine.parquet("parts_read", spark.write("SELECT * FROM read_parts"))
    paths = engine.query("SELECT path FROM parts_read ORDER BY part")["path"]
    engine.parquet("records", [str(path) for path in paths.to_pylist()])
    return Reading(files={file.role: file for file in staged})


def _written(engine: DuckEngine, spec: SourceSpec, folder: Path) -> dict[str, StagedRole]:
    """Write the rows of each role, also of one that was not delivered."""
    roles = {role: StagedRole(folder / f"{role}.parquet", types_of(engine, role)) for role in spec.files}
    for role, staged in roles.items():
        columns = ", ".join(f"{identifier(name)} AS c{at}" for at, name in enumerate(staged.types))
        engine.write(f"SELECT {columns} FROM {role}", staged.path, passing=True)
    return roles


def _divided(spark: Spark, roles: Mapping[str, StagedRole], keys: Mapping[str, str], parts: int) -> pa.Table:
    """Divide the rows of each role by film; each part has all rows of a role without films' keys. Returns FILES."""
    found: list[dict[str, object]] = []
    for role, staged in roles.items():
        files = [[staged.path]] * parts
        if role in keys:
            spark.parquet(role, [staged.path])
            key = f"c{list(staged.types).index(keys[role])}"
            divided = filled(SQL["divided"], {"key": key, "parts": str(parts), "rows": role})
            files = spark.write_by(divided, "part", parts)
        found += [
            {"part": part, "role": role, "path": str(path)}
            for part, some in enumerate(files)
            for path in some
        ]
    return pa.Table.from_pylist(found, FILES)


def _read(
    source: SqlSource, wanted: Wanted, roles: Mapping[str, StagedRole], folder: Path, files: pa.Table
) -> pa.Table:
    """Make the records of one part from its files (FILES), into a file of a new folder, since a task that fails is tried again."""
    paths: dict[str, list[str]] = {role: [] for role in roles}
    for row in files.to_pylist():
        paths[row["role"]].append(row["path"])
    with DuckEngine(ONE_THREAD) as engine:
        for role, staged in roles.items():
            columns = ", ".join(
                f"c{at}::{kind} AS {identifier(name)}" for at, (name, kind) in enumerate(staged.types.items())
            )
            none = "" if paths[role] else " WHERE false"
            listed = ", ".join(map(quoted, paths[role] or [str(staged.path)]))
            engine.view(
                role, f"SELECT {columns} FROM read_parquet([{listed}], hive_partitioning = false){none}"
            )
        source.records(engine, [], wanted)
        records = Path(mkdtemp(dir=folder)) / "records.parquet"
        engine.write("SELECT * FROM records", records)
    return pa.table({"part": files["part"][:1], "path": [str(records)]}, schema=RECORDS)

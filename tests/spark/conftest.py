"""Spark on two cores of this machine, as the tests use it.

Without PySpark, or Java, every test here is skipped, in one line that says what to install; with MOVIEC_REQUIRE_SPARK=1 it fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.engine.spark import missing

#: What a person may write into spark-defaults.conf: a session that lives for seconds compiles little, and tiny splits make
#: several partitions of a small file.
DEFAULTS = """
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.driver.memory 512m
spark.sql.files.maxPartitionBytes 100000
spark.sql.files.openCostInBytes 0
"""

MASTER = "local[2]"


@pytest.fixture(scope="session", autouse=True)
def spark_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if why := missing():
        if os.environ.get("MOVIEC_REQUIRE_SPARK") == "1":
            pytest.fail("; ".join(why))
        pytest.skip("; ".join(why))
    folder: Path = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text(DEFAULTS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_CONF_DIR", str(folder))
        yield

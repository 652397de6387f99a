"""What a person hears who asks for Spark where it cannot run: one line, what to install; nothing is begun."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.commands import moviec

COMMANDS = (("rebuild",), ("ingest", "kaggle", "movies.csv"), ("rollup", "movies.csv"))


@pytest.mark.parametrize("words", COMMANDS, ids=[words[0] for words in COMMANDS])
@pytest.mark.parametrize("lacking", ["PySpark", "Java", "old Java"])
def test_what_is_missing_is_told_in_one_line(
    words: tuple[str, ...], lacking: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    movies = tmp_path / "movies.csv"
    movies.write_text("id,title\n1,Heat\n")
    monkeypatch.setitem(sys.modules, "pyspark", None)
    hint = "pip install 'moviec[spark]'"
    if lacking != "PySpark":
        monkeypatch.setitem(sys.modules, "pyspark", sys)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
        hint = "install Java 17 or later"
    if lacking == "old Java":
        java = tmp_path / "java" / "bin" / "java"
        java.parent.mkdir(parents=True)
        java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
        java.chmod(0o755)
    place = () if words[0] == "rollup" else ("--home", tmp_path / "home")
    given = [str(movies) if word == "movies.csv" else word for word in words]
    done = moviec(*given, *place, "--engine", "spark", "--master", "local[2]", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and hint in done.stderr.splitlines()[-1]
    assert not (tmp_path / "home" / "catalogue.db").exists()
    assert not list((tmp_path / "rollup").glob("genres/*"))


def test_a_master_goes_with_its_engine(tmp_path: Path) -> None:
    done = moviec("rebuild", "--master", "local[2]", "--home", tmp_path)
    assert (done.returncode, done.stderr) == (2, "moviec: --master: needs --engine spark\n")

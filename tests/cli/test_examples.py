"""The examples for outer schedulers: each is read by its own tool where that is there, and calls a command that exists."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cronsim import CronSim

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_every_example_calls_the_same_command_and_treats_what_needs_a_look_as_done() -> None:
    for name in ("systemd/moviec-run.service", "kubernetes/moviec-run.yaml", "airflow/moviec_run.py"):
        text = (EXAMPLES / name).read_text("utf-8")
        assert "moviec run" in text
        assert "test $? -eq 3" in text or "SuccessExitStatus=3" in text
        assert name.partition("/")[2].partition(".")[0] in (EXAMPLES / "README.md").read_text("utf-8")


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here: install systemd")
    program = tmp_path / "moviec"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    service = (EXAMPLES / "systemd/moviec-run.service").read_text("utf-8")
    (tmp_path / "moviec-run.service").write_text(
        service.replace("/opt/moviec/.venv/bin/moviec", str(program))
    )
    shutil.copy(EXAMPLES / "systemd/moviec-run.timer", tmp_path)
    units = [str(tmp_path / f"moviec-run.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(
        [analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "moviec-run" in line]
    assert ours == [], done.stderr
    times = re.search(r"OnCalendar=(.*)", (EXAMPLES / "systemd/moviec-run.timer").read_text("utf-8"))
    assert (
        times
        and subprocess.run([analyze, "calendar", times[1]], capture_output=True, check=False).returncode == 0
    )


def test_the_cron_job_is_one() -> None:
    yaml = pytest.importorskip("yaml")
    job: dict[str, Any] = yaml.safe_load((EXAMPLES / "kubernetes/moviec-run.yaml").read_text("utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    CronSim(job["spec"]["schedule"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    home = {each["name"]: each["value"] for each in container["env"]}["MOVIEC_HOME"]
    assert home == container["volumeMounts"][0]["mountPath"]


def test_airflow_takes_the_dag(tmp_path: Path) -> None:
    """By Airflow's own parser, in an environment that has it: MOVIEC_AIRFLOW names its Python."""
    python = os.environ.get("MOVIEC_AIRFLOW", "")
    source = (EXAMPLES / "airflow/moviec_run.py").read_text("utf-8")
    compile(source, "moviec_run.py", "exec")
    if not python:
        pytest.skip("Airflow is not here: MOVIEC_AIRFLOW names the Python of an environment that has it")
    code = (
        "import sys\n"
        "try:\n from airflow.dag_processing.dagbag import DagBag\n"
        "except ImportError:\n from airflow.models.dagbag import DagBag\n"
        "bag = DagBag(sys.argv[1])\n"
        "assert not bag.import_errors, bag.import_errors\n"
        "print([task.task_id for task in bag.dags['moviec_run'].tasks])"
    )
    where = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    folder = str(EXAMPLES / "airflow")
    done = subprocess.run(
        [python, "-c", code, folder], env=where, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("['run']")

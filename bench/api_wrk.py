"""Load from wrk: paths asked for one after the other over some connections; requests a second and how long they took."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

import msgspec


class Load(msgspec.Struct, frozen=True):
    """Requests a second; milliseconds that half, and 99 of 100, took at most."""

    rate: float
    p50: float
    p99: float


def load(
    port: int, paths: list[str], connections: int = 16, seconds: int = 5, accept_encoding: str = ""
) -> Load:
    """Ask for the paths in turn, in a coding where one is named. Raises RuntimeError when any answer is an error."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(paths))
        file.flush()
        script = Path(__file__).with_name("api_load.lua")
        told = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"],
            env={**os.environ, "PATHS": file.name, "ACCEPT_ENCODING": accept_encoding}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    rate, p50, p99, failed = told.stdout.rpartition("RESULT ")[2].split()
    if int(failed):
        raise RuntimeError(f"{failed} requests failed, of paths like {paths[0]}")
    return Load(float(rate), float(p50), float(p99))


def once(port: int, paths: list[str]) -> Load:
    """Ask for each path once, one after the other over one connection. Raises RuntimeError when any answer is an error."""
    took, connection = [], HTTPConnection("127.0.0.1", port)
    for path in paths:
        begun = time.perf_counter()
        connection.request("GET", path, headers={"X-API-Key": os.environ["KEY"]})
        answer = connection.getresponse()
        answer.read()
        took.append(1000 * (time.perf_counter() - begun))
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    connection.close()
    took.sort()
    return Load(1000 * len(took) / sum(took), took[len(took) // 2], took[int(len(took) * 0.99)])

"""`moviec synth`: what it writes and what it says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer
from typer.testing import CliRunner

from moviec.cli.synth import synth
from moviec.synth.deliver import Planted

app = typer.Typer()
app.command()(synth)


def test_it_writes_six_deliveries_and_says_what_it_planted(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path), "--movies", "30", "--seed", "2", "--json"])
    assert result.exit_code == 0
    assert msgspec.json.decode(result.stdout, type=Planted).films == 30
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {
        "kaggle",
        "imdb",
        "movielens",
        "rottentomatoes",
        "wikipedia",
        "festival",
    }


def test_it_speaks_to_people_too(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path), "--movies", "30"])
    assert result.exit_code == 0
    assert "films: 30" in result.stdout
    assert "kaggle: " in result.stdout

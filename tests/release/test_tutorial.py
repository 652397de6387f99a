"""The tutorial on adding a source, done as it is written by somebody who has only the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.commands import moviec

PAGE = (Path(__file__).resolve().parents[2] / "docs/adding-a-source.md").read_text("utf-8")


def test_whoever_follows_the_tutorial_gets_what_it_says(tmp_path: Path) -> None:
    home, desk = tmp_path / "home", tmp_path / "desk"
    desk.mkdir()
    told = ""
    for kind, about, text in re.findall(
        r"^```(\w+) (file=\S+|run)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    ):
        if kind == "sh":
            for line in text.splitlines():
                done = moviec(*shlex.split(line)[1:], "--home", home, cwd=desk)
                assert done.returncode in (0, 3), (line, done.stderr)
                told += done.stdout
            continue
        name = about.removeprefix("file=")
        path = (home if name.startswith("sources/") else desk) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert "The film club's list" in told
    assert "Stalker" in told
    assert "Andrei Tarkovsky" in told
    assert "no C-rating" in told and "`moviec fit`" in told, (
        "the club's rater is none that the shipped model knows"
    )
    assert "1 rejected row" in moviec("status", "--home", home).stdout
    both = [moviec("show", key, "--home", home, "--json").stdout for key in ("club:2", "club2:2")]
    ids = [re.search(r'"id": "(mc\d+)"', text) for text in both]
    assert ids[0] and ids[1] and ids[0][1] == ids[1][1], "one film from both lists"
    assert '"runtime": 124' in both[0]
    assert "Science Fiction" in moviec("show", "club:3", "--home", home).stdout

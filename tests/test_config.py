"""Settings: what is wrong is said in one line, with the place where it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from moviec.config import open_home
from moviec.errors import UsageError


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("threads = -1", "threads: 0 is every core"),
        ('memory = "lots"', "memory: write it like 512MB"),
        ("most_rejected = 5", "most_rejected: a share"),
        ("patience = -3", "patience: seconds"),
        ('keep_raw = "some"', "keep_raw: write"),
        ('keep_raw = "last 0"', "keep_raw: write"),
        ('proxies = "10.0.0.1 10.0.0.0/99"', "proxies: addresses or networks"),
        ("cache_mb = -1", "cache_mb: megabytes"),
        ("thraeds = 2", "thraeds"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_where_it_stands(
    tmp_path: Path, written: str, message: str
) -> None:
    (tmp_path / "moviec.toml").write_text(written)
    with pytest.raises(UsageError, match=message) as told:
        open_home(tmp_path, {})
    assert str(tmp_path / "moviec.toml") in str(told.value)


def test_the_environment_overrides_the_file_and_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "moviec.toml").write_text("threads = 2")
    assert open_home(tmp_path, {"MOVIEC_THREADS": "3"}).settings.threads == 3
    with pytest.raises(UsageError, match=r"^MOVIEC_THREADS: "):
        open_home(tmp_path, {"MOVIEC_THREADS": "many"})

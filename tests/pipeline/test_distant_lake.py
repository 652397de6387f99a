"""A lake in S3, fed from S3, gives what a local one fed from folders gives: the sample, again, and from raw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.catalog.deliveries import all_deliveries
from moviec.config import Home, Settings, SourceSettings, open_home
from moviec.errors import StoreError
from moviec.pipeline.arrivals import IngestRequest, expected, take
from moviec.pipeline.opening import open_run
from moviec.pipeline.rebuild import rebuild_source
from moviec.sample import write_sample
from moviec.sources.registry import find_source
from moviec.storage.files import Store
from tests.servers import Bucket, s3

DAY = "2026-11-20"
SOURCES = ("kaggle", "movielens", "festival")


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3() as found:
        yield found


def take_all(home: Home) -> list[str]:
    """Take every source's sample from its place, and say what became of each."""
    states = []
    with open_run(home, alone=True) as context:
        for name in SOURCES:
            source = find_source(name, home.folder)
            for one in expected(home, source.spec, IngestRequest(since=dt.date.fromisoformat(DAY))):
                states.append(take(context, source, one, True, lambda _: None).state)
    return states


def rebuilt(home: Home) -> None:
    with open_run(home, alone=True) as context:
        for name in SOURCES:
            rebuild_source(context, find_source(name, home.folder))


def files_of(store: Store) -> dict[str, bytes]:
    """The lake's files; a rebuild takes a new folder for the same bytes."""
    names = [name for folder in ("raw", "records") for name in store.names(folder)]
    return {name.rpartition("/")[2]: store.path(name).read_bytes() for name in names}


def test_the_same_files_whether_here_or_in_s3(tmp_path: Path, bucket: Bucket) -> None:
    write_sample(tmp_path / "sample")
    for name in SOURCES:
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "sample" / name).rename(tmp_path / "in" / name / DAY)
        for file in (tmp_path / "in" / name / DAY).iterdir():
            bucket.put(f"in/{name}/{DAY}/{file.name}", file.read_bytes())
    mapping = (tmp_path / "in/festival" / DAY / "source.toml").read_bytes()
    lakes: list[dict[str, bytes]] = []
    for place, lake, options in (
        (f"{tmp_path}/in", "", {}),
        (f"{bucket.url}/in", f"{bucket.url}/lake", {"s3": bucket.options}),
    ):
        folder = open_home(tmp_path / f"home{len(lakes)}", {}).folder
        (folder / "sources/festival").mkdir(parents=True)
        (folder / "sources/festival/source.toml").write_bytes(mapping)
        settings = Settings(
            lake=lake,
            remote=options,
            sources={name: SourceSettings(path=f"{place}/{name}/{{date}}") for name in SOURCES},
        )
        home = Home(folder, settings)
        assert take_all(home) == ["applied"] * len(SOURCES)
        store = Store(home.lake, folder / "fresh", settings.options(home.lake))
        lakes.append(files_of(store))
        assert take_all(home) == ["applied"] * len(SOURCES), "known deliveries are given back"
        with open_run(home) as context:
            assert len(all_deliveries(context.catalogue)) == len(SOURCES)
    assert lakes[0] == lakes[1]
    rebuilt(home)
    assert files_of(Store(home.lake, tmp_path / "rebuilt", home.settings.options(home.lake))) == lakes[0]
    assert any(name.startswith("lake/records/") for name in bucket.names())


def test_a_lake_that_cannot_be_reached_is_one_clear_line(tmp_path: Path, bucket: Bucket) -> None:
    store = Store("s3://no-such-bucket/lake", tmp_path, bucket.options)
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(StoreError, match=r"no-such-bucket/lake: raw/x cannot be reached: no such file"):
        store.put(tmp_path / "x", "raw/x")
    with pytest.raises(StoreError, match=r"nosuch://lake: it cannot be reached: this kind of address"):
        Store("nosuch://lake", tmp_path)

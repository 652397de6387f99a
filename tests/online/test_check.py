"""`moviec sources`: what each needs and how it is given; `moviec sources check`: a look at a provider as it is now."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.loopback.server import files, serving, status
from moviec.pipeline import asking, probe
from moviec.sources.registry import find_sources
from moviec.transient import Patience
from tests.online.desk import TMDB_KEY, Desk, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for module in (asking, probe):
        monkeypatch.setattr(module, "PATIENCE", Patience(timeout=5, pauses=()))
    with desk(tmp_path, count=3) as found:
        yield found


def _found(at: Desk, name: str) -> tuple[int, dict[str, tuple[str, str]]]:
    done = at.moviec("sources", "check", name, "--json")
    return done.exit_code, {one["about"]: (one["state"], one["said"]) for one in json.loads(done.stdout)}


def test_what_a_source_needs_and_how_it_is_given(at: Desk) -> None:
    rows = {row["source"]: row["needs"] for row in json.loads(at.moviec("sources", "--json").stdout)}
    assert rows["tmdb"] == "a key (set)"
    assert rows["imdb"] == rows["wikidata"] == "nothing"
    assert rows["kaggle"] == "its files"
    at.settings()
    text = (at.home / "moviec.toml").read_text().replace(f'key = "{TMDB_KEY}"', "")
    (at.home / "moviec.toml").write_text(text)
    said = " ".join(at.moviec("sources", "tmdb").stdout.split())
    assert "a key" in said
    assert "MOVIEC_TMDB_KEY" in said


def test_a_look_at_a_provider_takes_one_request(at: Desk) -> None:
    at.tmdb.detail, original = (lambda number: original(603) if number == 550 else None), at.tmdb._detail
    at.tmdb.films[603] = at.films[0]
    code, found = _found(at, "tmdb")
    assert code == 0, found
    assert found["key"] == ("ok", "accepted")
    assert "1 films: title 100%" in found["fields"][1]
    assert "backdrop_path" in found["columns"][1]
    assert at.served.times("tmdb") == 1


def test_what_is_wrong_is_found(at: Desk) -> None:
    at.served.faults.add(status(401))
    code, found = _found(at, "tmdb")
    assert (code, found["answer"][0]) == (1, "failed")
    assert "the key is not accepted (401)" in found["answer"][1]
    at.tmdb.detail = lambda number: {"id": number, "title": "Fight Club", "renamed": 1}
    code, found = _found(at, "tmdb")
    assert code == 3
    assert "expected but missing: adult" in found["columns"][1] or "renamed" in found["columns"][1]


def test_a_bulk_source_is_looked_at_by_the_beginning_of_its_files(at: Desk) -> None:
    basics = gzip.compress(
        b"tconst\ttitleType\tmainTitle\toriginalTitle\tisAdult\tstartYear\tgenres\n" + b"x" * 10_000
    )
    with serving({"imdb": files({"/title.basics.tsv.gz": basics})}) as served:
        text = (at.home / "moviec.toml").read_text()
        extra = f'[sources.imdb.download]\nurls = ["{served.url}/imdb/title.basics.tsv.gz", "{served.url}/imdb/title.ratings.tsv.gz"]\n'
        (at.home / "moviec.toml").write_text(text + extra)
        done = at.moviec("sources", "check", "imdb", "--json")
    assert done.exit_code == 1, done.output
    said = [one["said"] for one in json.loads(done.stdout)]
    assert "expected but missing: primaryTitle" in said
    assert "new columns: mainTitle" in said
    assert "no such file (404" in said[-1]


TITLES = (
    "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
)


def _titles(count: int, year: str = "1999") -> bytes:
    rows = "".join(
        f"tt{at:07}\tmovie\tFilm {at * 7919}\tFilm {at}\t0\t{year if at % 4 else chr(92) + 'N'}\t\\N\t{at % 200}\tDrama\n"
        for at in range(1, count)
    )
    return gzip.compress((TITLES + rows).encode())


def test_a_bulk_file_says_how_full_its_columns_are_by_its_beginning_alone(at: Desk) -> None:
    text = (at.home / "moviec.toml").read_text()
    with serving({"imdb": files({"/title.basics.tsv.gz": _titles(60_000)})}) as served:
        extra = f'[sources.imdb.download]\nurls = ["{served.url}/imdb/title.basics.tsv.gz"]\n'
        (at.home / "moviec.toml").write_text(text + extra)
        done = at.moviec("sources", "check", "imdb", "--json")
        assert done.exit_code == 0, done.output
        said = " ".join(one["said"] for one in json.loads(done.stdout))
        assert "of the first 500 rows" in said
        assert "primaryTitle 100%" in said and "startYear 75%" in said and "endYear 0%" in said
        assert served.times("imdb") == 1
        served.providers["imdb"] = files({"/title.basics.tsv.gz": _titles(60_000, "\\N")})
        done = at.moviec("sources", "check", "imdb", "--json")
        assert done.exit_code == 3
        assert "emptier than expected: startYear 0% (at least" in done.stdout


def test_a_zip_is_looked_into_in_a_few_parts(at: Desk) -> None:
    out = io.BytesIO()
    ratings = "userId,movieId,rating,timestamp\n" + "".join(
        f"{at},{at % 97},{at % 5},{at * 7919}\n" for at in range(300_000)
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml/README.txt", "x")
        archive.writestr("ml/ratings.csv", ratings)
        archive.writestr("ml/movies.csv", 'movieId,title,genres\n1,"Heat, The (1995)",Drama\n2,,Drama\n')
        archive.writestr("ml/links.csv", "movieId,imdbId,tmdb\n1,0113277,949\n")
    assert len(out.getvalue()) > 1_000_000
    text = (at.home / "moviec.toml").read_text()
    with serving({"ml": files({"/ml.zip": out.getvalue()})}) as served:
        (at.home / "moviec.toml").write_text(
            text + f'[sources.movielens.download]\nurls = ["{served.url}/ml/ml.zip"]\n'
        )
        code, _ = _found(at, "movielens")
        done = json.loads(at.moviec("sources", "check", "movielens", "--json").stdout)
        said = {(one["about"], one["state"]): one["said"] for one in done}
        assert code == 3
        assert said["ratings.csv", "ok"].startswith("filled, of the first 500 rows: userId 100%")
        assert "title 50%" in said["movies.csv", "ok"]
        assert "emptier than expected: title 50%" in said["movies.csv", "look"]
        assert "tmdb" in said["links.csv", "look"]
        assert served.times("ml") <= 2 * 8


def test_every_source_can_be_looked_at() -> None:
    for source in find_sources().values():
        needs, how = probe.needs_of("", source.spec)
        assert needs and how
        fetch = source.spec.fetch
        assert not (fetch and fetch.details) or fetch.probe

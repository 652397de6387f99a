"""A new source is one folder and no edit anywhere else; a faulty one is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moviec.errors import UsageError
from moviec.sources.registry import faulty_sources, find_source, find_sources
from moviec.sources.spec import assign_roles
from tests.sources.reading import read, reconciled

FACTS = """
name = "filmclub"
title = "The film club's list"
home_page = "https://filmclub.example"
licence = "CC0-1.0"
attribution = "The film club"

[files.films]
names = ["filmclub"]
key = "nr"
key_pattern = '[0-9]+'

[files.films.columns]
nr = ["key"]
film = ["title", "year"]
"""
READ_SQL = """
SELECT _position, 'films' AS role, _line AS line, nr AS key,
  regexp_extract(film, '^(.*) [0-9]{4}$', 1) AS title, try_cast(right(film, 4) AS INTEGER) AS year
FROM films
"""
NAMED_SQL = """
-- The first statement is run once and kept for the second.
-- name: cut
SELECT nr, regexp_extract(film, '^(.*) ([0-9]{4})$', ['title', 'year']) AS parts FROM films

-- name: records
SELECT _position, 'films' AS role, _line AS line, nr AS key, parts.title AS title, parts.year::INTEGER AS year
FROM films JOIN cut USING (nr)
"""
SOURCE_PY = '''
"""The film club's list."""

from moviec.sources.sql import normalise
from moviec.sources.readers.tabular import stage_all


def read(spec, engine, files, wanted):
    """Read the list; the club writes the year last."""
    staged = stage_all(engine, spec, files, wanted)
    return normalise(engine, "SELECT _position, nr AS key, film[:-6] AS title, try_cast(film[-4:] AS INTEGER) AS year FROM films", staged, wanted)
'''
LIST = "nr,film\n1,The Lamp 1995\n2,Rain 2001\nx,No key 1999\n"


def folder(parent: Path, name: str, **files: str) -> Path:
    made = parent / name
    made.mkdir(parents=True)
    for file, text in files.items():
        (made / file.replace("_", ".")).write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize(
    "reader", [{"read_sql": READ_SQL}, {"read_sql": NAMED_SQL}, {"source_py": SOURCE_PY}]
)
def test_a_folder_of_two_files_in_the_home_is_a_source(tmp_path: Path, reader: dict[str, str]) -> None:
    folder(tmp_path / "sources", "filmclub", source_toml=FACTS, **reader)
    found = read(find_source("filmclub", tmp_path), {"films": LIST})
    assert {key: (film["title"], film["year"]) for key, film in found.films.items()} == {
        "1": ("The Lamp", 1995),
        "2": ("Rain", 2001),
    }
    assert reconciled(found.reading)
    assert found.reading.files["films"].rejected.to_pylist()[0]["line"] == 4
    assert set(find_sources(tmp_path)) == {*find_sources(), "filmclub"}


def test_a_column_of_a_query_that_no_record_has_is_named(tmp_path: Path) -> None:
    misspelt = READ_SQL.replace("AS year", "AS yeer")
    folder(tmp_path / "sources", "filmclub", source_toml=FACTS, read_sql=misspelt)
    with pytest.raises(
        UsageError, match=r"read\.sql: its query gives yeer, which no record has; a record has .*year"
    ):
        read(find_source("filmclub", tmp_path), {"films": LIST})


def test_an_installed_package_may_bring_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, "moviec_filmclub", source_toml=FACTS, read_sql=READ_SQL, **{"__init___py": ""})
    (tmp_path / "moviec_filmclub" / "__init__.py").write_text("")
    about = tmp_path / "moviec_filmclub-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: moviec-filmclub\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[moviec.sources]\nfilmclub = moviec_filmclub\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read("filmclub", {"films": LIST}).films["2"]["title"] == "Rain"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"source_toml": "name = "}, "source.toml"),
        ({"source_toml": "colour = 3" + FACTS}, "colour"),
        (
            {"source_toml": FACTS.replace('"title", "year"', '"titel"')},
            "no record has the field titel; did you mean 'title'\\?",
        ),
        ({"source_toml": FACTS.replace('name = "filmclub"', 'name = "Film Club"')}, "cannot name a source"),
        (
            {"source_toml": FACTS.replace('"nr"', '"number"')},
            "number is not listed under \\[files.films.columns\\]",
        ),
        ({"source_toml": 'cron = "monthly"' + FACTS}, "cron: Wrong number of fields; write it like"),
        (
            {"source_toml": FACTS.replace('"title", "year"', '"director"')},
            "did you mean 'people.director'\\?",
        ),
        (
            {"source_toml": FACTS + "\nKomödie = { name = 'Comedy' }\n"},
            "put a name with a blank or a letter like ö in quotes",
        ),
        (
            {"source_toml": FACTS.replace("[files.films]\n", "[files.films]\nseperator = ';'\n")},
            "did you mean 'separator'\\?",
        ),
        (
            {"source_toml": FACTS.replace("[files.films]\n", "[files.films]\ndates = 'dd.mm.'\n")},
            "allowed values: 'dmy', 'mdy'",
        ),
        ({"source_toml": FACTS, "source_py": "import nothing_there"}, "cannot be loaded"),
        ({"source_toml": FACTS, "source_py": "x = 1"}, "no function read"),
        (
            {"source_toml": FACTS.replace("filmclub", "imdb"), "read_sql": READ_SQL},
            "two sources called 'imdb'",
        ),
    ],
)
def test_a_faulty_source_is_named_in_one_line_and_stops_no_other(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    folder(tmp_path / "sources", "faulty", **files)
    with pytest.raises(UsageError, match=message) as error:
        find_source("faulty", tmp_path)
    assert "faulty" in str(error.value)
    assert "\n" not in str(error.value)
    assert str(faulty_sources(tmp_path)["faulty"]) == str(error.value)
    assert set(find_sources(tmp_path)) == set(find_sources())


#: Sixteen threads that read sources and models for the first time in their process, at once.
AT_ONCE = """
import sys, threading
from moviec.fusion.model import shipped_model as fuse_model
from moviec.fusion.survivorship import shipped_rules
from moviec.matching.model import shipped_model
from moviec.sources.registry import find_sources
ready, found = threading.Barrier(16), []
def read():
    ready.wait()
    found.append((sorted(find_sources()), shipped_model().version, fuse_model().version, sorted(shipped_rules())))
threads = [threading.Thread(target=read) for _ in range(16)]
sys.setswitchinterval(1e-5)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(found), all(one == found[0] for one in found))
"""


def test_sources_and_models_may_be_read_first_by_several_threads_at_once() -> None:
    """As the threads of a server do. Several times: it is a matter of chance when threads meet."""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "16 True\n"), done.stderr


def test_an_unknown_source_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"there is no source 'imbd'.*: imdb, .*movielens"):
        find_source("imbd")


@pytest.mark.parametrize(
    ("source", "names", "roles"),
    [
        ("imdb", ["title.basics.tsv", "name.basics.tsv", "title.crew.tsv"], ["basics", "crew", "names"]),
        ("movielens", ["README.txt", "movies.csv", "links.csv", "tags.csv"], ["links", "movies", "tags"]),
        ("rottentomatoes", ["movie_info.json"], ["listing"]),
        ("rottentomatoes", ["rotten_tomatoes_movies.csv"], ["movies"]),
        ("wikipedia", ["movies.jsonl"], ["films"]),
        ("table", ["anything.parquet"], ["films"]),
    ],
)
def test_files_find_their_roles_by_name(source: str, names: list[str], roles: list[str]) -> None:
    found, _ = assign_roles([Path(name) for name in names], find_source(source).spec)
    assert sorted(found) == roles


def test_every_source_says_under_what_terms_its_data_come() -> None:
    for name, source in find_sources().items():
        assert source.spec.name == name
        assert source.spec.licence
        assert 0 <= source.spec.shrink <= 1
        assert source.spec.least_rows <= source.spec.most_rows
        mapped = {genre.name for genre in source.spec.genres.values()}
        assert not mapped & set(source.spec.unable), "a label for what the source cannot say"
        if name != "table":
            assert source.spec.home_page.startswith("https://")
            assert source.spec.attribution


def test_every_source_is_documented_with_its_terms() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
    for name, source in find_sources().items():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{name}` |")), "")
        assert row, f"docs/sources.md: the first table has no row for {name}"
        assert source.spec.licence in row
        assert f"| {'yes' if source.spec.complete else 'no'} |" in row
        assert f"{source.spec.least_rows:,} – {source.spec.most_rows:,}" in row
        assert f"{source.spec.shrink:.0%}" in row
        assert f"\n## {name}" in page

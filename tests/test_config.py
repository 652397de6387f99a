"""Settings: what is wrong is said in one line, with the place where it was written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from moviec.catalog.connect import connect
from moviec.config import open_home
from moviec.decoding import plain
from moviec.errors import UsageError


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("threads = -1", "threads: 0 for every core"),
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


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('threads = "many"', "threads: a whole number is expected, not text"),
        ("colour = 3", "there is no entry 'colour'"),
        ("[sources.imdb]\npath = 3", "sources.*.path: text is expected, not a whole number"),
        ("patiance = 3", "there is no entry 'patiance'; did you mean 'patience'?"),
        ("anonymous = 3", "anonymous: true or false is expected, not a whole number"),
        ("fields = []", "fields: a table of entries is expected, not a list"),
        ('[sources.imdb.download]\nmax_bytes = ""', "sources.*.download.max_bytes: a whole number is expected, not text"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_in_plain_words(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "moviec.toml").write_text(written)
    with pytest.raises(UsageError) as error:
        open_home(tmp_path, {})
    assert str(error.value) == f"{tmp_path / 'moviec.toml'}: {told}; see docs/settings.md"


TABLE = re.findall(
    r"^\| `(\w+)` \| `(MOVIEC_\w+)` \|",
    (Path(__file__).resolve().parents[1] / "docs/settings.md").read_text("utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("name", "variable"), TABLE)
def test_every_variable_in_the_handbook_sets_its_setting(tmp_path: Path, name: str, variable: str) -> None:
    default = getattr(open_home(tmp_path, {}).settings, name)
    other = {
        "memory": "3GB",
        "keep_raw": "last 3",
        "metrics": "open",
        "proxies": "10.0.0.0/8",
        "most_rejected": "0.5",
    }
    value = other.get(name) or {bool: "true", int: "7", str: "/srv/other"}[type(default)]
    told = str(getattr(open_home(tmp_path, {variable: value}).settings, name))
    assert told.lower() == value.lower()


def test_the_handbook_names_a_variable_for_every_setting_that_is_no_table(tmp_path: Path) -> None:
    settings = open_home(tmp_path, {}).settings
    plain = {
        name
        for name in settings.__struct_fields__
        if isinstance(getattr(settings, name), (bool, int, float, str))
    }
    assert {name for name, _ in TABLE} == plain


class Entries(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    least: Annotated[int, msgspec.Meta(ge=1)] | None = None
    form: Literal["csv", "json"] = "csv"
    mark: Annotated[str, msgspec.Meta(pattern="^a", max_length=3)] = "a"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "the entry 'name' is missing"),
        ('{"name": "", "least": "x"}', "least: a whole number or nothing is expected, not text"),
        ('{"name": "", "least": 0}', "least: a whole number >= 1 is expected"),
        ('{"name": "", "form": "xml"}', "form: 'xml' is not one of the allowed values"),
        ('{"name": "", "mark": "b"}', "mark: it has the wrong format"),
        ('{"name": "", "mark": "aaaa"}', "mark: text of length <= 3 is expected"),
        ('{"name"', "it ends too early"),
        ("[", "a table of entries is expected, not a list"),
        ('{"name": nope}', "it is not valid JSON: invalid character (byte 13)"),
    ],
)
def test_what_cannot_be_decoded_is_told_in_plain_words(text: str, told: str) -> None:
    with pytest.raises(msgspec.DecodeError) as error:
        msgspec.json.decode(text, type=Entries)
    assert plain(error.value) == told


def test_with_the_struct_the_values_of_an_entry_and_a_likely_name_are_said() -> None:
    for text, told in (
        ('{"name": "", "form": "xml"}', "form: 'xml' is not one of the allowed values: 'csv', 'json'"),
        ('{"name": "", "laest": 1}', "there is no entry 'laest'; did you mean 'least'?"),
        ('{"name": "", "zzz": 1}', "there is no entry 'zzz'"),
    ):
        with pytest.raises(msgspec.DecodeError) as error:
            msgspec.json.decode(text, type=Entries)
        assert plain(error.value, Entries) == told


@pytest.mark.parametrize("name", ["a b", "what?", "50%", "a%41b", "ünïcode"])
def test_a_home_may_have_any_name_and_is_its_owners(tmp_path: Path, name: str) -> None:
    home = open_home(tmp_path / name / "home", {})
    catalogue = connect(home.catalogue)
    catalogue.dispose()
    assert (home.folder / "catalogue.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert home.folder.stat().st_mode & 0o077 == 0

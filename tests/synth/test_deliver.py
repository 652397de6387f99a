"""Whole deliveries: equal bytes for equal seeds, the truth complete, and MovieC's readers find what was planted."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moviec.errors import StoreError, UsageError
from moviec.sources.registry import find_source, load_source
from moviec.sources.spec import assign_roles
from moviec.synth.blocks import BLOCK, invented, rendered
from moviec.synth.deliver import Planted, deliver, invent_deliveries
from moviec.synth.invent import invent
from moviec.synth.settings import Settings, providers, settings_for
from tests.sources.reading import Read, read, reconciled
from tests.synth.conftest import SETTINGS, Made, rows

SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia", "festival")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def readings(made: Made) -> dict[str, Read]:
    """Every delivery as MovieC's readers read it."""
    return {source: reading(made.folder / source) for source in SOURCES}


def reading(folder: Path) -> Read:
    source = load_source(folder) if (folder / "source.toml").exists() else find_source(folder.name)
    roles, others = assign_roles([p for p in folder.iterdir() if p.suffix != ".toml"], source.spec)
    assert not others, "every file of a delivery is known by its name"
    return read(source, {role: plain(path) for role, path in roles.items()})


def plain(path: Path) -> Path | bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        invent_deliveries(tmp_path / name, 60, seed)
    one, same, other = (contents(tmp_path / name) for name in ("one", "same", "other"))
    assert len(one) == 22
    assert one == same
    differing = {name for name in one if one[name] != other[name]}
    assert differing >= one.keys() - {"festival/source.toml", "faults.csv", "planted.json"}


def test_the_number_of_cores_changes_no_byte(tmp_path: Path) -> None:
    settings = settings_for(2 * BLOCK + 10, 3)
    (one, two, rest), three = (list(invented(2 * BLOCK + 10, settings, cores)) for cores in (1, 3))
    assert three == [one, two, rest]
    assert [block.numbers[-1] for block in three] == [BLOCK, 2 * BLOCK, 2 * BLOCK + 10]
    assert rendered(list(invent(2 * BLOCK + 10, 3))[:BLOCK], settings) == one


def test_processes_end_with_the_work_and_a_lost_one_is_told() -> None:
    settings = settings_for(40_000, 3)
    blocks = invented(40_000, settings, 2)
    next(blocks)
    assert len(multiprocessing.active_children()) == 2
    blocks.close()
    assert not multiprocessing.active_children()
    blocks = invented(40_000, settings, 2)
    next(blocks)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(StoreError, match="ended early"):
        list(blocks)
    assert not multiprocessing.active_children()


def test_a_film_is_rendered_alike_in_any_company(made: Made) -> None:
    for name in ("kaggle", "movielens", "rottentomatoes"):
        (alone,) = (p for p in providers(SETTINGS) if p.name == name)
        (among,) = (p for p in providers(SETTINGS) if p.name == name)
        rendered = {number: among.render(film) for number, film in made.films.items()}
        for number in (1, 8, 17, 599):
            assert alone.render(made.films[number]) == rendered[number]


@pytest.mark.parametrize("source", SOURCES)
def test_the_readers_find_the_planted_counts(made: Made, readings: dict[str, Read], source: str) -> None:
    got = readings[source].reading
    assert reconciled(got)
    by_file = dict(made.planted.files[source])
    spec_names = {role: role_file(source, made, role) for role in got.files}
    assert sorted(spec_names.values()) == sorted(by_file)
    for role, staged in got.files.items():
        count, planted = staged.count, by_file[spec_names[role]]
        assert (count.read, count.kept, count.merged, count.skipped, count.rejected, count.repaired) == (
            planted.written,
            planted.kept,
            planted.merged,
            planted.skipped,
            planted.rejected,
            planted.repaired,
        ), role
        assert staged.unknown_columns == ()


def role_file(source: str, made: Made, role: str) -> str:
    folder = made.folder / source
    spec = (load_source(folder) if (folder / "source.toml").exists() else find_source(source)).spec
    (found,) = (
        p.name for p in folder.iterdir() if p.name.startswith(spec.files[role].names) and p.suffix != ".toml"
    )
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_the_readers_find_exactly_the_films_of_the_truth(
    made: Made, readings: dict[str, Read], source: str
) -> None:
    assert readings[source].films.keys() == made.shown(source).keys()
    assert made.planted.records[source] == len(made.shown(source))


@pytest.mark.parametrize("source", SOURCES)
def test_most_records_agree_with_the_truth_and_none_is_far_off(
    made: Made, readings: dict[str, Read], source: str
) -> None:
    records, shown = readings[source].films, made.shown(source)
    same = sum(records[key]["title"] == film.title for key, film in shown.items())
    assert 0.85 < same / len(shown) < 1, "a few titles differ, and only a few"
    unplaced = set(made.numbers("movielens", "no_year"))
    for key, film in shown.items():
        year = records[key].get("year")
        if year is None:
            assert source in ("imdb", "movielens", "rottentomatoes") or film.number in unplaced
        else:
            assert abs(year - film.year) <= 1


def test_planted_faults_of_kaggle_read_as_they_should(made: Made, readings: dict[str, Read]) -> None:
    def records(fault: str) -> list[dict[str, Any]]:
        found = made.numbers("kaggle", fault)
        assert found, fault
        return [readings["kaggle"].films[str(made.films[number].ids.tmdb)] for number in found]

    assert all("\n - The" in record["overview"] and record["title"] for record in records("torn_record"))
    assert all("budget" not in r and "revenue" not in r for r in records("zero_money"))
    assert all("budget" not in record for record in records("tiny_budget"))
    assert all("runtime" not in record for record in records("zero_runtime"))
    assert all("status" not in record for record in records("blank_status"))
    assert all(record["status"] == "Rumored" for record in records("rumored"))
    assert all(record["genres"][-1] == "Foreign" for record in records("foreign_genre"))
    assert [r["companies"][-1]["name"] for r in records("quoted_company")] == ["Director's Cut Productions"]
    assert [r["companies"][-1]["name"] for r in records("backslash_company")] == ['Back\\slash "Films" d\'Or']
    assert all(r["overview"].count("\n") == 3 and '"' in r["overview"] for r in records("long_overview"))
    twice = [made.films[number].popularity for number in made.numbers("kaggle", "id_twice")]
    assert [r["popularity"] for r in records("id_twice")] == twice, "the later row has the true popularity"
    assert len(made.numbers("kaggle", "wrong_id")) > 5
    for number in made.numbers("kaggle", "wrong_id"):
        film = made.films[number]
        ids = dict(readings["kaggle"].films[str(film.ids.tmdb)]["ids"])
        assert ids["imdb"] != film.ids.imdb


def test_planted_faults_of_the_others_read_as_they_should(made: Made, readings: dict[str, Read]) -> None:
    def record(source: str, number: int) -> dict[str, Any]:
        return readings[source].films[made.truth[source, number]]

    for number in made.numbers("imdb", "quoted_title"):
        assert record("imdb", number)["title"].startswith('"')
    for number in made.numbers("movielens", "no_year"):
        assert "year" not in record("movielens", number)
    for number in made.numbers("movielens", "no_genres"):
        assert "genres" not in record("movielens", number)
    for number in made.numbers("movielens", "no_tmdb_id"):
        assert "tmdb" not in dict(record("movielens", number)["ids"])
    for number in made.numbers("rottentomatoes", "empty_scores"):
        assert "ratings" not in record("rottentomatoes", number)
    for number in made.numbers("festival", "no_mark"):
        assert "ratings" not in record("festival", number)
    listing = json.loads((made.folder / "rottentomatoes" / "movie_info.json").read_text("utf-8"))
    dates = {entry["url"].partition(".com/")[2]: entry["release_date"] for entry in listing}
    forms = {
        fault: dates[made.truth["rottentomatoes", made.numbers("rottentomatoes", fault)[0]]]
        for fault in ("full_date", "year_date", "no_date")
    }
    assert forms["full_date"].startswith("Released ")
    assert forms["year_date"].isdigit()
    assert forms["no_date"] is None


def test_what_was_planted_is_written_as_it_is_returned(made: Made) -> None:
    assert msgspec.json.decode((made.folder / "planted.json").read_bytes(), type=Planted) == made.planted
    lines = (made.folder / "films.jsonl").read_bytes().splitlines()
    assert len(lines) == made.planted.films == len(made.films)
    assert json.loads(lines[0])["title"] == made.films[1].title
    counted = {(row["source"], row["fault"]) for row in rows(made.folder / "faults.csv")}
    assert counted == {(source, fault) for source, kinds in made.planted.faults.items() for fault in kinds}
    for source, files in made.planted.files.items():
        for file in files.values():
            assert file.written == file.kept + file.merged + file.skipped + file.rejected, source


def test_every_planned_fault_falls_on_a_film_of_a_usual_sample(tmp_path: Path) -> None:
    planted = deliver(invent(200, 5), tmp_path, Settings())
    for source in ("kaggle", "imdb", "movielens", "rottentomatoes"):
        plan = msgspec.structs.asdict(getattr(Settings().defects, source))
        assert {fault: planted.faults[source].get(fault, 0) for fault in plan} == plan


def test_more_films_get_more_faults() -> None:
    small, large = settings_for(1_000, 1), settings_for(1_000_000, 1)
    assert (small.repeat, large.repeat) == (1, 21)
    assert large.festival.missing == pytest.approx(0.9997)


def test_a_wrong_call_is_answered_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ask for 1 or more"):
        invent_deliveries(tmp_path, 0, 1)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="give another folder"):
        invent_deliveries(tmp_path / "file", 1, 1)


def test_titles_that_are_no_films_are_read_past(tmp_path: Path) -> None:
    invent_deliveries(tmp_path / "films", 60, 3)
    for name in ("one", "same"):
        planted = invent_deliveries(tmp_path / name, 60, 3, other_titles=540)
    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    found, films = (reading(tmp_path / name / "imdb") for name in ("one", "films"))
    assert found.films == films.films
    basics = planted.files["imdb"]["title.basics.tsv.gz"]
    assert basics.skipped == 540 + films.reading.files["basics"].count.skipped
    for role, file in planted.files["imdb"].items():
        (count,) = (s.count for s in found.reading.files.values() if s.count.read == file.written)
        assert (count.kept, count.skipped) == (file.kept, file.skipped), role
    with pytest.raises(UsageError, match="other titles"):
        invent_deliveries(tmp_path / "many", 60, 3, other_titles=100_000_000)


def test_most_of_the_other_titles_are_episodes(tmp_path: Path) -> None:
    invent_deliveries(tmp_path, 60, 3, other_titles=2_000)
    basics = gzip.decompress((tmp_path / "imdb/title.basics.tsv.gz").read_bytes()).decode()
    kinds = Counter(line.split("\t")[1] for line in basics.splitlines()[1:])
    assert 0.85 < kinds["tvEpisode"] / 2_000 < 0.95
    assert min(kinds["tvSeries"], kinds["videoGame"], kinds["tvPilot"]) > 0

"""Verdicts on the sample: their effect is told first, they hold whatever is built again, and can be taken back."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog import decisions
from moviec.catalog.checks import doubled
from moviec.catalog.connect import writing
from moviec.catalog.decisions import Verdict
from moviec.catalog.freshness import matching
from moviec.catalog.history import movie_changes
from moviec.catalog.prepared_statements import Reader
from moviec.catalog.queries import Movies
from moviec.cli import build
from moviec.config import Home, Settings
from moviec.home.context import RunContext
from moviec.pipeline import reviewing, verdicts
from moviec.pipeline.aggregator import drain
from moviec.pipeline.arrivals import gather
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.pipeline.rebuild import rebuild_source
from moviec.pipeline.reviewing import unmatched_of
from moviec.pipeline.verdicts import export_decisions, import_decisions
from moviec.sample import write_sample
from moviec.sources.registry import find_source
from tests.commands import moviec

FIRST = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
#: The planted record is Heat with the IMDb id of The Matrix.
TOY, TOY_IMDB = ("kaggle", "862"), ("imdb", "tt0114709")
HEAT, HEAT_IMDB = ("kaggle", "949"), ("imdb", "tt0113277")
WRONG = "tt0133093"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a home from two sources of the sample, Heat with the IMDb id of The Matrix."""
    folder = tmp_path_factory.mktemp("reviewed")
    write_sample(folder / "sample")
    rewrite(
        folder / "sample", "planted", lambda row: {**row, "imdb_id": WRONG} if row["id"] == HEAT[1] else row
    )
    (folder / "home").mkdir()
    with open_run(Home(folder / "home", Settings()), alone=True) as context:
        deliver(context, "kaggle", folder / "sample" / "planted", 0)
        deliver(context, "imdb", folder / "sample" / "imdb", 0)
        bring_up(context, Scope())
    return folder


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built / "home", tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def context(home: Path) -> Iterator[RunContext]:
    with open_run(Home(home, Settings()), alone=True) as opened:
        yield opened


def rewrite(sample: Path, name: str, change: Callable[[dict[str, str]], dict[str, str] | None]) -> Path:
    whole = sample / "kaggle" / "movies_metadata.csv"
    with whole.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if row["id"].isdigit() and None not in row.values()]
    (sample / name).mkdir()
    with (sample / name / whole.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(reader.fieldnames or ()), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(changed for row in rows if (changed := change(row)))
    return sample / name


def deliver(context: RunContext, name: str, folder: Path, week: int) -> None:
    source = find_source(name, context.home.folder)
    files = gather(context.home, source.spec, [str(folder)], context.work)
    ingest(context, Order(source, files, FIRST + dt.timedelta(weeks=week), accept_shrink=True))


def movie_of(context: RunContext, *ends: tuple[str, str]) -> list[int]:
    query = "SELECT movie FROM records WHERE source = :source AND key = :key AND live"
    with context.catalogue.connect() as connection:
        return [
            connection.execute(sa.text(query), {"source": source, "key": key}).scalar_one()
            for source, key in ends
        ]


def decide(context: RunContext, left: tuple[str, str], right: tuple[str, str], same: bool) -> None:
    with writing(context.catalogue) as connection:
        decisions.decide(connection, [Verdict(left, right, same, "ann")])
    drain(context)


def test_a_wrong_shared_id_is_caught_and_put_to_review(context: RunContext) -> None:
    heat, matrix = movie_of(context, HEAT, ("imdb", WRONG))
    assert heat != matrix
    listed = [
        {(pair[side]["source"], pair[side]["key"]) for side in ("left", "right")}
        for pair in reviewing.uncertain(context, 10)
    ]
    assert {HEAT, ("imdb", WRONG)} in listed
    # Who looks for it finds it among those that stand alone, with the reason.
    alone = {row["key"]: row for row in unmatched_of(context, "kaggle", 500)}
    with context.catalogue.connect() as connection:
        shares = matching(connection)["kaggle"]
    assert shares["alone"] + shares["in_review"] == len(alone) and shares["in_review"] >= 1
    assert shares["records"] == sum(shares.values()) - shares["records"]
    assert alone[HEAT[1]]["reason"] in ("an id that nothing else bears out", "other ids")


def test_the_effect_is_told_before_and_is_what_happens_then(context: RunContext) -> None:
    before = movie_of(context, TOY, TOY_IMDB)
    assert before[0] == before[1]
    effect = verdicts.effect(context, [Verdict(TOY, TOY_IMDB, False, "ann")])
    assert movie_of(context, TOY, TOY_IMDB) == before
    with context.catalogue.connect() as connection:
        assert decisions.all_decisions(connection) == []
    decide(context, TOY, TOY_IMDB, False)
    after = movie_of(context, TOY, TOY_IMDB)
    moved = {(row["source"], row["key"]): row for row in effect.moved}
    named = (f"mc{after[0]}", ":".join(TOY_IMDB))
    assert verdicts.read_verdicts(context, named, True, "bo") == [Verdict(TOY, TOY_IMDB, True, "bo")]
    assert len(moved) == 1 and next(iter(moved.values()))["after"] is None
    assert after[0] != after[1] and [end in moved for end in (TOY, TOY_IMDB)] == [
        now != was for now, was in zip(after, before, strict=True)
    ]


def test_what_a_verdict_has_settled_is_asked_no_more(context: RunContext) -> None:
    def to_match() -> dict[frozenset[tuple[str, str]], str]:
        return {
            frozenset((pair[side]["source"], pair[side]["key"]) for side in ("left", "right")): pair["reason"]
            for pair in reviewing.uncertain(context, 1000)
        }

    waits = to_match()
    assert waits[frozenset((HEAT, ("imdb", WRONG)))] == "taken", "The Matrix has its record of Kaggle"
    matrix = movie_of(context, ("imdb", WRONG))
    said = Verdict(HEAT, HEAT_IMDB, True, "ann")
    told = verdicts.effect(context, [said])
    moved = {row["title"]: row for row in told.moved}
    assert (
        set(moved) == {"Heat"} and moved["Heat"]["before_title"].startswith("Heat (199") and not told.doubts
    )
    decide(context, HEAT, HEAT_IMDB, True)
    assert not any(HEAT in pair for pair in to_match()), "the film of Heat has its IMDb record"
    assert all(len(set(movie_of(context, *pair))) == 2 for pair in to_match())
    assert movie_of(context, ("imdb", WRONG)) == matrix
    doubts = verdicts.effect(context, [Verdict(TOY, HEAT, True, "ann")]).doubts
    assert doubts == ["kaggle:862 and kaggle:949 are both of kaggle, which lists a film once"]


def test_a_decision_holds_whatever_is_built_again_until_it_is_undone(
    context: RunContext, built: Path
) -> None:
    before = movie_of(context, TOY, TOY_IMDB)
    decide(context, TOY, TOY_IMDB, False)
    apart = movie_of(context, TOY, TOY_IMDB)
    for name in ("kaggle", "imdb"):
        rebuild_source(context, find_source(name, context.home.folder))
    bring_up(context, Scope(everything=True))
    assert movie_of(context, TOY, TOY_IMDB) == apart
    deliver(context, "kaggle", rewrite_once(built, "again"), 1)
    bring_up(context, Scope())
    assert movie_of(context, TOY, TOY_IMDB) == apart
    with writing(context.catalogue) as connection:
        decisions.undo(connection, 1)
    drain(context)
    assert movie_of(context, TOY, TOY_IMDB) == before


def rewrite_once(built: Path, name: str) -> Path:
    """Give a delivery in which Toy Story earned a dollar more."""
    if (built / "sample" / name).exists():
        return built / "sample" / name
    richer = {TOY[1]: {"revenue": "373554034"}}
    return rewrite(built / "sample", name, lambda row: {**row, **richer.get(row["id"], {})})


@pytest.mark.parametrize("everything", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_same_then_different_gives_both_films_their_ids_back(context: RunContext, everything: bool) -> None:
    def told() -> dict[str, Any]:
        query = "SELECT movie, state, successor FROM identities ORDER BY movie"
        with context.catalogue.connect() as connection:
            rows = connection.execute(sa.text(query)).all()
            shown = connection.execute(sa.text("SELECT movie FROM documents ORDER BY movie")).all()
        return {"ids": rows, "documents": shown}

    films = (HEAT, HEAT_IMDB), (HEAT_IMDB, HEAT), (TOY, ("imdb", WRONG))
    for left, right in films:
        before, ends = told(), movie_of(context, left, right)
        decide(context, left, right, True)
        assert len({*movie_of(context, left, right)}) == 1 and told() != before
        back = verdicts.effect(context, [Verdict(left, right, False, "ann")])
        assert {row["after"] for row in back.moved} <= {f"mc{movie}" for movie in ends}, "no new film"
        decide(context, left, right, False)
        if everything:
            bring_up(context, Scope(everything=True))
        after = told()
        assert movie_of(context, left, right) == ends and after["documents"] == before["documents"]
        assert set(before["ids"]) <= set(after["ids"])
        # The last pair drives two records out of their films, which were ones of their own then.
        assert after == before or left == TOY
    with context.catalogue.connect() as connection:
        query = "SELECT kind FROM changes WHERE movie = :movie ORDER BY number"
        later = max(movie_of(context, HEAT, HEAT_IMDB))
        kinds = [row.kind for row in connection.execute(sa.text(query), {"movie": later})]
    assert kinds == ["created", *["merged", "split"] * 2]


def test_a_record_that_comes_back_as_another_film_takes_no_ones_place(
    context: RunContext, built: Path
) -> None:
    without = rewrite(built / "sample", "without", lambda row: None if row["id"] == TOY[1] else row)
    other = {
        "title": "Zyxwv",
        "original_title": "Zyxwv",
        "imdb_id": "",
        "release_date": "1931-01-01",
        "runtime": "20",
    }
    back = rewrite(built / "sample", "back", lambda row: {**row, **other} if row["id"] == TOY[1] else row)
    was = movie_of(context, TOY_IMDB)
    for week, folder in enumerate((without, back), 1):
        deliver(context, "kaggle", folder, week)
        bring_up(context, Scope())
    assert movie_of(context, TOY_IMDB) == was != movie_of(context, TOY)
    assert bring_up(context, Scope(everything=True)).changes == {}


def test_decisions_travel_as_a_file_and_contradictions_are_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def moviec(*words: str, status: int = 0) -> Any:
        app = build(["review"])
        code = app(["review", *words, "--home", str(home)], standalone_mode=False)
        assert (code or 0) == status
        return capsys.readouterr().out

    kaggle, imdb = ":".join(TOY), ":".join(TOY_IMDB)
    assert "add --yes" in moviec("different", kaggle, imdb)
    done = json.loads(moviec("different", kaggle, imdb, "--yes", "--by", "ann", "--json"))
    assert done["done"]["changes"] == {"split": 1, "updated": 1}
    file = tmp_path / "decisions.csv"
    moviec("export", str(file))
    assert "0 decisions are new" in moviec("import", str(file))
    lines = file.read_text("utf-8").splitlines()
    fields = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    heat = {**fields, "verdict": "same", "at": "2026-01-01T00:00:00+00:00"}
    chain = [
        {**heat, "right_source": HEAT[0], "right_key": HEAT[1]},
        {**heat, "left_source": HEAT[0], "left_key": HEAT[1], "right_source": TOY[0], "right_key": TOY[1]},
    ]
    file.write_text(
        "\n".join([lines[0], *(",".join(row[name] for name in fields) for row in chain)]) + "\n", "utf-8"
    )
    told = moviec("import", str(file), status=3)
    assert "2 decisions are new" in told
    assert f"contradiction: {imdb} = {':'.join(HEAT)} = {kaggle}, yet {imdb} is not {kaggle}" in told
    assert len(json.loads(moviec("list", "--decided", "--json"))) == 3


def test_the_latest_verdict_holds_whenever_it_came_and_in_any_home(
    context: RunContext, built: Path, tmp_path: Path
) -> None:
    decide(context, TOY, TOY_IMDB, False)
    apart = movie_of(context, TOY, TOY_IMDB)
    assert apart[0] != apart[1]
    file = tmp_path / "decisions.csv"
    header = "left_source,left_key,right_source,right_key,verdict,who,at"
    rows = [f"{','.join((*TOY, *TOY_IMDB))},same,bo,2020-01-01", "shelf,1,imdb,tt9,same,bo,2020-01-01"]
    file.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    imported = import_decisions(context, file)
    assert (imported.new, imported.unlisted, imported.contradictions) == (2, 1, [])
    drain(context)
    assert movie_of(context, TOY, TOY_IMDB) == apart
    assert export_decisions(context, file) == 3
    shutil.copytree(built / "home", tmp_path / "other")
    with open_run(Home(tmp_path / "other", Settings()), alone=True) as other:
        import_decisions(other, file)
        drain(other)
        there = movie_of(other, TOY, TOY_IMDB)
    assert there[0] != there[1]


def test_no_movie_holds_two_records_of_a_source_that_lists_none_twice(context: RunContext) -> None:
    with context.catalogue.connect() as connection:
        assert doubled(connection, ("kaggle", "imdb")) == []
    # Told that two records of one source are one film, a person overrules that too, and the check shows it.
    decide(context, TOY, HEAT, True)
    with context.catalogue.connect() as connection:
        assert doubled(connection, ("kaggle", "imdb")) == [
            {"movie": movie_of(context, TOY)[0], "source": "kaggle", "records": 2}
        ]


def test_a_verdict_that_is_repeated_is_one_decision_and_undoing_it_undoes_it(context: RunContext) -> None:
    said = [Verdict(TOY, TOY_IMDB, False, "ann")]
    with writing(context.catalogue) as connection:
        first = decisions.decide(connection, said)
        again = decisions.decide(connection, said)
        [row] = decisions.all_decisions(connection)
        assert (len(first), again[0]["number"]) == (1, row["number"])
        # as an earlier version wrote a repeated one
        decisions.insert(
            connection, [{name: value for name, value in row.items() if name != "number"} for row in first]
        )
        decisions.undo(connection, row["number"])
        assert all(each["undone"] for each in decisions.all_decisions(connection))


def test_a_second_persons_verdict_is_a_decision_of_its_own_that_outlives_the_first(home: Path) -> None:
    def review(*words: str) -> str:
        done = moviec("review", *words, "--home", home)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def together() -> bool:
        with open_run(Home(home, Settings())) as context:
            return len(set(movie_of(context, TOY, TOY_IMDB))) == 1

    for who in ("ann", "bo", "ann", "bo"):
        review("different", ":".join(TOY), ":".join(TOY_IMDB), "--yes", "--by", who)
    made = json.loads(review("list", "--decided", "--json"))
    assert [row["who"] for row in made] == ["ann", "bo"]
    assert "note: decision 2 of bo says the same and stays in force" in review("undo", "1", "--yes")
    assert not together()
    assert "mind:" not in review("undo", "2", "--yes")
    assert together()


def test_history_tells_who_decided_and_who_took_it_back(context: RunContext) -> None:
    decide(context, TOY, TOY_IMDB, False)
    movies = movie_of(context, TOY, TOY_IMDB)
    with writing(context.catalogue) as connection:
        decisions.undo(connection, 1, "bo")
    drain(context)
    served = Movies(Reader(context.catalogue))
    for movie in movies:
        with context.catalogue.connect() as connection:
            entries = movie_changes(connection, movie)
        *_, verdict, undoing = entries
        assert {**verdict["decision"], "undone": None} == {"number": 1, "verdict": "different", "who": "ann", "undone": None, "undone_by": "bo"}  # fmt: skip
        assert verdict["at"] < verdict["decision"]["undone"] <= undoing["at"] and verdict["source"] is None
        assert [one["decision"] for one in served.history(movie)] == [one["decision"] for one in entries]
        lines = moviec("history", f"mc{movie}", "--home", context.home.folder).stdout.splitlines()
        assert [line.partition(" by ")[2] for line in lines if " by decision" in line] == [
            "decision 1 of ann (different)",
            "decision 1 of ann (taken back by bo)",
        ]
    with context.catalogue.connect() as connection:
        first, *_ = movie_changes(connection, min(movies))
    assert first["decision"] is None
    # Beside a delivery the films of the decision's records name it, the delivery's others do not.
    deliver(context, "kaggle", rewrite_titles(context), 2)
    decide(context, HEAT, HEAT_IMDB, True)
    with context.catalogue.connect() as connection:
        heat, toy = (movie_changes(connection, movie_of(context, end)[0])[-1] for end in (HEAT, TOY))
    assert (heat["decision"]["number"], toy["decision"], toy["source"]) == (2, None, "kaggle")


def rewrite_titles(context: RunContext) -> Path:
    """Give a delivery of Kaggle's films with other taglines, beside the home."""
    sample = context.home.folder.parent / "sample"
    write_sample(sample)
    return rewrite(sample, "other", lambda row: {**row, "tagline": "Another one"})


def test_the_history_of_a_merged_id_says_whose_it_is(context: RunContext) -> None:
    kept, gone = sorted(movie_of(context, HEAT, HEAT_IMDB))
    decide(context, HEAT, HEAT_IMDB, True)
    told, own = (moviec("history", f"mc{movie}", "--home", context.home.folder) for movie in (gone, kept))
    assert told.stderr == f"mc{gone} was merged into mc{kept}, so this is that film's history\n"
    assert (told.returncode, told.stdout, own.stderr) == (0, own.stdout, "")
    shown = moviec("show", f"mc{gone}", "--home", context.home.folder)
    assert shown.stderr == f"mc{gone} was merged into mc{kept}\n" and f"mc{kept}" in shown.stdout


def test_history_of_a_source_says_why_it_has_nothing(context: RunContext) -> None:
    def told(*words: str) -> Any:
        return moviec("history", *words, "--home", context.home.folder)

    unknown = told("--source", "nope")
    assert unknown.returncode == 2 and "there is no source 'nope'; there are: imdb, kaggle" in unknown.stderr
    [movie] = {*movie_of(context, TOY, TOY_IMDB)}
    foreign = told(f"mc{movie}", "--source", "movielens", "--json")
    assert (foreign.returncode, json.loads(foreign.stdout)) == (0, [])
    assert foreign.stderr == f"movielens does not list mc{movie}; it is listed by: imdb, kaggle\n"
    ours, all_films = (json.loads(told(*words, "--source", "imdb", "--json").stdout) for words in ([f"mc{movie}"], []))  # fmt: skip
    assert ours == [row for row in all_films if row["movie"] == movie]


@pytest.fixture
def review(home: Path) -> Callable[..., Any]:
    """Give `moviec review` on a home of its own; it returns what was printed, or the error of what has failed."""

    def called(*words: str) -> str:
        done = moviec("review", *words, "--home", home)
        assert done.returncode == (2 if done.stderr.startswith("moviec:") else 0), done.stderr
        return done.stderr if done.returncode else done.stdout

    return called


PAIR = (":".join(TOY), ":".join(TOY_IMDB))


def test_a_preview_says_whose_decision_it_overrules_or_takes_back(review: Callable[..., str]) -> None:
    first = f"decision 1 of ann, {dt.datetime.now(dt.UTC):%Y-%m-%d} "
    apart = f"UTC: {PAIR[1]} and {PAIR[0]} are different films\n"
    assert "overrules" not in review("different", *PAIR, "--by", "ann", "--yes")
    told = review("same", *PAIR, "--by", "bo")
    assert f"\noverrules {first}" in told and apart in told
    review("same", *PAIR, "--by", "bo", "--yes")
    assert "note: decision 2 of bo (same) overrules it already" in review("undo", "1")
    told = review("undo", "2")
    assert (
        "undoes decision 2 of bo, " in told
        and "note: decision 1 of ann (different) is in force again" in told
    )
    assert "(without a title)" not in told and "None" not in told


def test_a_film_that_gets_its_id_back_is_told_without_a_title(review: Callable[..., str], home: Path) -> None:
    with open_run(Home(home, Settings())) as context:
        kept, gone = sorted(movie_of(context, HEAT, HEAT_IMDB))
    review("same", ":".join(HEAT), ":".join(HEAT_IMDB), "--yes")
    told = review("different", ":".join(HEAT), ":".join(HEAT_IMDB))
    assert f"→ mc{gone} (its former id)" in told and f"mc{kept} Heat (1995)" in told and "None" not in told


def test_who_repeats_a_verdict_is_told_the_decision_there_is(review: Callable[..., str]) -> None:
    review("different", *PAIR, "--by", "ann", "--yes")
    for words in ([], ["--yes"]):
        told = review("different", *PAIR, "--by", " ann ", *words)
        assert told == "no record changes its movie\nalready decided (number 1)\n"
    assert "already decided" not in review("different", *PAIR, "--by", "bo")
    assert len(json.loads(review("list", "--decided", "--json"))) == 1


def test_the_decisions_are_listed_with_their_state(review: Callable[..., str]) -> None:
    for number, verdict in enumerate(("different", "same", "different"), 1):
        review(verdict, *PAIR, "--by", f"author{number}", "--yes")
    review("undo", "3", "--by", "cy", "--yes")
    made = json.loads(review("list", "--decided", "--json"))
    assert [(row["state"], row["overruled_by"], row["undone_by"]) for row in made] == [
        ("overruled", 2, None),
        ("in force", None, None),
        ("undone", None, "cy"),
    ]
    heading, *rows = review("list", "--decided").splitlines()[1:]
    assert heading.split()[-1] == "state"
    assert [row.rstrip().split("  ")[-1].strip() for row in rows] == ["overruled by 2", "in force", f"undone {made[2]['undone'][:10]} by cy"]  # fmt: skip


def test_what_cannot_be_taken_back_says_why(review: Callable[..., str]) -> None:
    review("different", *PAIR, "--by", "ann", "--yes")
    review("undo", "1", "--by", "bo", "--yes")
    assert "7: no decision has this number" in review("undo", "7")
    assert "decision 1 was taken back already by bo, 20" in review("undo", "1")


@pytest.mark.parametrize("name", ["", "  ", "ann\nbo", "a\x1b[31mnn", "ann\u2028"])
@pytest.mark.parametrize("words", [("different", *PAIR), ("undo", "1")])
def test_who_decides_has_a_name_on_one_line(
    review: Callable[..., str], words: tuple[str, ...], name: str
) -> None:
    told = review(*words, "--by", name)
    assert told.startswith("moviec: --by: ") and "write a name on one line" in told and told.count("\n") == 1

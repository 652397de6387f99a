"""Fitting on the bundled sample: the same lake gives the same bytes, and what is foretold is what then happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.schema.identity import models
from moviec.catalog.schema.movies import movies
from moviec.cli.fit import _is_built, _list, report, tell_fitted
from moviec.config import Home, Settings, open_home
from moviec.errors import UsageError
from moviec.home.context import RunContext
from moviec.home.models import fitted_models, note_built_with, pin_again, pinned_models
from moviec.pipeline.arrivals import gather
from moviec.pipeline.demo import DELIVERED
from moviec.pipeline.fit import Fitted, fit, learned_here, pin, scorecard_of
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.sample import write_sample
from moviec.sources.registry import find_source


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunContext]:
    """Give a home with three sources of the sample published under the shipped models."""
    home = open_home(tmp_path_factory.mktemp("home"), {"MOVIEC_THREADS": "1"})
    sample = home.folder / "sample"
    write_sample(sample)
    with open_run(home, alone=True) as opened:
        for name in ("kaggle", "imdb", "movielens"):
            source = find_source(name)
            files = gather(home, source.spec, [str(sample / name)], opened.work)
            ingest(opened, Order(source, files, DELIVERED, accept_shrink=True))
        bring_up(opened, Scope())
        yield opened


@pytest.fixture(scope="module")
def found(context: RunContext) -> Fitted:
    return fit(context)


def seen(context: RunContext) -> dict[int, dict[str, Any]]:
    """Give every movie's row."""
    with context.catalogue.connect() as connection:
        return {row.movie: dict(row._mapping) for row in connection.execute(sa.select(movies))}


def test_fitting_pins_nothing(context: RunContext, found: Fitted) -> None:
    assert found.new and found.before == pinned_models(context)
    assert not context.store.names("models")


def test_what_is_foretold_is_what_the_next_run_does_and_then_there_is_nothing_new(
    context: RunContext, found: Fitted
) -> None:
    before = seen(context)
    pin(context, found.after)
    assert pinned_models(context) == found.after
    outcome = bring_up(context, Scope())
    after = seen(context)
    moved = [one for one in after if after[one]["c_rating"] != before[one]["c_rating"]]
    assert outcome.everything and set(after) == set(before)
    assert len(moved) == found.changes.ratings.moved > 0
    for field in ("year", "runtime", "original_title", "released"):
        changed = [one for one in after if after[one][field] != before[one][field]]
        assert len(changed) == found.changes.fields.get(field, 0)
    again = fit(context)
    assert not again.new and again.after.fuse.to_json() == found.after.fuse.to_json()


def test_a_scorecard_is_of_the_model_in_force(context: RunContext, found: Fitted) -> None:
    card = scorecard_of(context, "kaggle")
    assert learned_here(context)
    assert card.version == found.after.fuse.version
    assert {one.field for one in card.reliability} >= {"title", "year", "kind"}
    raters = [one.rater for one in card.calibration] + [one.name for one in card.repeating_raters]
    assert raters == ["tmdb"], (card, found.after.fuse.rating)
    with pytest.raises(UsageError):
        scorecard_of(context, "nobody")


def test_a_model_that_was_pinned_before_is_pinned_again(context: RunContext, found: Fitted) -> None:
    pin(context, found.before)
    pin(context, found.after)
    with context.catalogue.connect() as connection:
        rows = connection.execute(sa.select(models.c.kind, models.c.version).where(models.c.pinned)).all()
    assert {tuple(row) for row in rows} == {
        ("match", found.after.match.version),
        ("fuse", found.after.fuse.version),
    }


def test_a_rule_of_the_settings_decides_a_field_and_has_everything_worked_out_again(
    context: RunContext, tmp_path: Path
) -> None:
    settings = Settings(fields={"year": {"rule": "largest"}})
    other = msgspec.structs.replace(context, home=Home(context.home.folder, settings), work=tmp_path)
    before = {one: row["year"] for one, row in seen(context).items()}
    outcome = bring_up(other, Scope())
    after = {one: row["year"] for one, row in seen(context).items()}
    assert outcome.everything and before != after
    assert all(after[one] >= year for one, year in before.items() if year)
    assert bring_up(other, Scope()).changes == {}
    wrongs: dict[str, dict[str, dict[str, Any]]] = {
        "no field": {"tempo": {}},
        "not a valid rule": {"year": {"rule": "loudest"}},
    }
    for reason, fields in wrongs.items():
        wrong = RunContext(
            Home(context.home.folder, Settings(fields=fields)), context.store, context.catalogue, tmp_path
        )
        with pytest.raises(UsageError, match=reason):
            bring_up(wrong, Scope())


def test_what_was_learned_is_told_to_programs_and_to_people(
    found: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    told = msgspec.json.decode(msgspec.json.encode(report(found, None)))
    assert told["fields"] == found.changes.fields and not told["pinned"]
    assert told["ratings"]["most"][0]["before"] != told["ratings"]["most"][0]["after"]
    tell_fitted(found)
    said = capsys.readouterr().out
    moved = found.changes.ratings
    assert f"{found.before.fuse.version} -> {found.after.fuse.version}" in said
    assert f"{moved.moved} of {moved.films} move" in said


def test_an_empty_lake_is_said_so(tmp_path: Path) -> None:
    with (
        open_run(open_home(tmp_path, {}), alone=True) as empty,
        pytest.raises(UsageError, match="nothing to learn from"),
    ):
        fit(empty)


def test_who_goes_back_has_what_was_before(context: RunContext, found: Fitted) -> None:
    in_force = {row["version"] for row in fitted_models(context) if row["pinned"]}
    assert in_force == {found.after.match.version, found.after.fuse.version}
    pin_again(context, "shipped")
    assert pinned_models(context) == found.before and bring_up(context, Scope()).everything
    pin_again(context, found.after.fuse.version)
    now = pinned_models(context)
    assert (now.match, now.fuse) == (found.before.match, found.after.fuse)
    with pytest.raises(UsageError, match="no model has this version"):
        pin_again(context, "c1-nonsense")
    pin_again(context, found.after.match.version)
    assert pinned_models(context) == found.after


def test_a_run_that_died_between_pinning_and_publishing_is_finished_by_the_next(
    context: RunContext, capsys: pytest.CaptureFixture[str]
) -> None:
    with context.catalogue.begin() as connection:
        note_built_with(connection, "what was pinned before")
    assert not _is_built(context)
    _list(context.home.folder, False)
    assert "pinned, not published yet" in capsys.readouterr().out
    assert bring_up(context, Scope()).everything and _is_built(context)


def test_a_source_in_which_no_two_films_are_alike_is_no_fault(tmp_path: Path) -> None:
    films = tmp_path / "movies.csv"
    films.write_text("movieId,title,genres\n1,Alien (1979),Horror\n2,Ran (1985),Drama\n")
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0078748,348\n2,0089881,11645\n")
    home = open_home(tmp_path / "home", {"MOVIEC_THREADS": "1"})
    with open_run(home, alone=True) as opened:
        files = [films, tmp_path / "links.csv"]
        ingest(opened, Order(find_source("movielens"), files, DELIVERED, accept_shrink=True))
        bring_up(opened, Scope())
        assert fit(opened).before == pinned_models(opened)

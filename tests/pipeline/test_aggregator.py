"""The aggregator: everything registered is published once and in order, and what cannot be published stops no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.history import documents_as_of
from moviec.catalog.ingest_queue import failed, newest, pending, position, replay
from moviec.catalog.leases import last_runs, last_step
from moviec.config import Home, Settings
from moviec.errors import StoreError, UnpublishedError
from moviec.home.context import RunContext
from moviec.jobs.health import check_all
from moviec.pipeline.aggregator import Retry, advance, drain, publish_again
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving, open_run, publishing
from moviec.pipeline.publication import DOUBTFUL, Scope, bring_up
from moviec.sources.registry import find_source
from tests.pipeline.test_due import FACTS

MONDAY = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
AT_ONCE = Retry(tries=2, pause=0)

#: A database that takes no film called Poison, as it would a value that it has no room for.
REFUSE = [
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF NEW.title = 'Poison' THEN RAISE EXCEPTION 'no room for it'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON movies FOR EACH ROW EXECUTE FUNCTION refuse()",
]
ACCEPT = ["DROP TRIGGER refuse ON movies"]

#: A database in which nothing can be published at all.
SHUT = ["CREATE TRIGGER shut BEFORE INSERT ON checkpoints BEGIN SELECT RAISE(ABORT, 'shut'); END"]


class Desk:
    """A home with the source `club`, whose deliveries are lists of titles; a title's place is its key."""

    def __init__(self, context: RunContext, inbox: Path) -> None:
        self.context, self.inbox, self.days = context, inbox, 0

    def deliver(self, *titles: str) -> None:
        self.days += 1
        path = self.inbox / f"{self.days}" / "films.csv"
        path.parent.mkdir(parents=True)
        path.write_text("no,title\n" + "".join(f"{no},{title}\n" for no, title in enumerate(titles)))
        source = find_source("club", self.context.home.folder)
        order = Order(source, [path], MONDAY + dt.timedelta(days=self.days), accept_shrink=True)
        with arriving(self.context) as alone:
            ingest(alone, order)

    def titles(self) -> list[str]:
        with self.context.catalogue.connect() as connection:
            parts = [part["document"].to_pylist() for part in documents_as_of(connection)]
        return sorted(msgspec.json.decode(str(text))["title"] for part in parts for text in part)

    def run(self, statements: list[str]) -> None:
        with self.context.catalogue.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def ask(self, sql: str) -> list[Any]:
        with self.context.catalogue.connect() as connection:
            return list(connection.execute(sa.text(sql)).all())


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    place = tmp_path / "home" / "sources" / "club"
    place.mkdir(parents=True)
    (place / "source.toml").write_text(FACTS.format(name="club"))
    with open_run(Home(tmp_path / "home", Settings(catalogue=database))) as context:
        yield Desk(context, tmp_path / "inbox")


def test_what_was_registered_is_published_by_whoever_comes_next(desk: Desk) -> None:
    desk.deliver("Alien", "Heat")
    desk.deliver("Alien", "Heat", "Up")
    with desk.context.catalogue.connect() as connection:
        waiting = pending(connection)
        assert (waiting.upto, waiting.entries, waiting.changes) == (2, 2, 3)
    assert desk.titles() == []
    outcome = drain(desk.context)
    assert (outcome.changes, outcome.last_change) == ({"created": 3}, 3)
    with desk.context.catalogue.connect() as connection:
        assert position(connection) == newest(connection) == 2
        assert pending(connection).entries == 0
        done = [(one["command"], one["outcome"], [step["name"] for step in one["steps"]]) for one in last_runs(connection, 2)]  # fmt: skip
    assert done[0][:2] == ("publish", "done")
    assert done[0][2] == [
        "resolving",
        "finding people and companies",
        "fusing",
        "counting doubtful films",
        "publishing",
    ]
    with desk.context.catalogue.connect() as connection:
        _, counts = last_step(connection, DOUBTFUL) or ("", {})
    assert counts == {"years apart": 0, "same people": 0, "twins": 0}
    assert done[1] == ("ingest club", "done", ["keeping", "reading", "comparing with what is known"])
    assert drain(desk.context).changes == {}


def test_while_another_publishes_one_stands_by(desk: Desk) -> None:
    desk.deliver("Alien")
    with publishing(desk.context) as other:
        assert advance(desk.context) is None
        assert desk.titles() == []
        assert drain(other).changes == {"created": 1}
        assert drain(desk.context).changes == {}, "it was published by the other"
    with pytest.raises(StoreError, match="this work needs a lease"):
        bring_up(desk.context, Scope(everything=True))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_records_that_cannot_be_published_hold_up_no_other(desk: Desk) -> None:
    desk.deliver("Alien", "Heat", "Up", "Ran")
    drain(desk.context)
    desk.run(REFUSE)
    desk.deliver("Alien", "Poison", "Up!", "Poison")
    assert drain(desk.context, retry=AT_ONCE).changes == {"updated": 1}
    assert desk.titles() == ["Alien", "Heat", "Ran", "Up!"], "the records before still hold"
    with desk.context.catalogue.connect() as connection:
        letters = failed(connection)
        assert pending(connection).entries == 0
    assert [(one.subject["source"], one.subject["key"]) for one in letters] == [("club", "1"), ("club", "3")]
    assert (letters[0].follower, letters[0].attempts) == ("catalogue", 2)
    assert "no room for it" in letters[0].error
    checks = check_all(desk.context, {}, MONDAY)
    assert [one.concern for one in checks if one.name == "last_run_failed" and one.concern] == []
    [told] = [one.concern for one in checks if one.name == "set_aside"]
    assert told.startswith("2 set aside by catalogue")
    desk.deliver("Alien", "Jaws", "Up!", "Poison")
    assert drain(desk.context, retry=AT_ONCE).changes == {"updated": 1}, "a later delivery mends one"
    desk.run(ACCEPT)
    assert replay(desk.context.catalogue, [letters[1].number]) == 1
    assert drain(desk.context).changes == {"updated": 1}
    assert desk.titles() == ["Alien", "Jaws", "Poison", "Up!"]
    with publishing(desk.context) as alone:
        assert bring_up(alone, Scope(everything=True)).changes == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_where_no_record_is_at_fault_the_error_is_told_and_nothing_is_set_aside(desk: Desk) -> None:
    desk.deliver("Alien")
    desk.run(SHUT)
    with pytest.raises(sa.exc.DBAPIError):
        drain(desk.context, retry=AT_ONCE)
    assert desk.titles() == []
    assert desk.ask("SELECT count(*) FROM failures") == [(0,)]
    assert desk.ask("SELECT DISTINCT outcome FROM runs WHERE command = 'publish'") == [("failed",)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_ctrl_c_while_the_engine_works_ends_a_publication_and_is_no_failure(desk: Desk) -> None:
    desk.deliver("Alien")
    steps = []

    def stopped(step: str) -> None:  # as the engine tells it while a query is planned
        steps.append(step)
        if step == "fusing":
            raise RuntimeError("Query interrupted")

    with pytest.raises(KeyboardInterrupt):
        drain(desk.context, stopped, retry=AT_ONCE)
    assert desk.ask("SELECT error FROM runs WHERE command = 'publish'") == [("stopped by Ctrl-C or SIGTERM",)]
    assert steps.count("fusing") == 1 and not any("trying again" in step for step in steps)
    assert desk.ask("SELECT count(*) FROM failures") == [(0,)]
    assert drain(desk.context).changes == {"created": 1}


#: A database that takes one of two films, but not both: they fail together, and neither alone.
NOT_BOTH = [
    "CREATE TRIGGER refuse AFTER INSERT ON movies"
    " WHEN (SELECT count(*) FROM movies WHERE title IN ('Alpha', 'Omega')) > 1"
    " BEGIN SELECT RAISE(ABORT, 'the sum is too large'); END"
]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_films_that_fail_only_together_one_is_set_aside_with_the_cause(desk: Desk) -> None:
    others = [f"Film {chr(65 + number)}" for number in range(20)]
    desk.run(NOT_BOTH)
    desk.deliver(*others[:7], "Alpha", *others[7:15], "Omega", *others[15:])
    told: list[str] = []
    outcome = drain(desk.context, told.append, AT_ONCE)
    assert (outcome.changes, outcome.set_aside) == ({"created": 21}, 1)
    with desk.context.catalogue.connect() as connection:
        [letter] = failed(connection)
    assert letter.subject["key"] in ("7", "16")
    assert "the sum is too large" in letter.error
    assert any("rehearsals" in line for line in told)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_temporary_disk_is_told_and_sets_no_record_aside(desk: Desk) -> None:
    def fill(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA temp.max_page_count = 1")

    desk.deliver(*(f"Film {number} of many" for number in range(300)))
    desk.context.catalogue.dispose()
    sa.event.listen(desk.context.catalogue, "connect", fill)
    with pytest.raises(UnpublishedError, match=r"kept, but not published .*full.*make room") as error:
        drain(desk.context, retry=AT_ONCE)
    assert (error.value.exit_status, "\n" in str(error.value)) == (3, False)
    assert desk.ask("SELECT count(*) FROM failures") == [(0,)]
    sa.event.remove(desk.context.catalogue, "connect", fill)
    desk.context.catalogue.dispose()
    assert drain(desk.context).changes == {"created": 300}
    desk.context.catalogue.dispose()
    sa.event.listen(desk.context.catalogue, "connect", fill)
    told: list[str] = []
    with publishing(desk.context) as alone, pytest.raises(UnpublishedError, match="make room"):
        publish_again(alone, told.append, retry=AT_ONCE)
    assert not [line for line in told if "trying again" in line]
    sa.event.remove(desk.context.catalogue, "connect", fill)
    desk.context.catalogue.dispose()
    with publishing(desk.context) as alone:
        assert publish_again(alone).changes == {}


def test_where_memory_is_too_small_it_is_not_tried_again(desk: Desk) -> None:
    desk.deliver("Alien")
    home = desk.context.home
    settings = msgspec.structs.replace(home.settings, memory="1MB")
    small = msgspec.structs.replace(desk.context, home=Home(home.folder, settings))
    told: list[str] = []
    with pytest.raises(UnpublishedError, match="memory") as failed:
        drain(small, told.append, AT_ONCE)
    assert "`memory` in moviec.toml" in failed.value.hint
    assert not [line for line in told if "trying again" in line]
    assert drain(desk.context).changes == {"created": 1}

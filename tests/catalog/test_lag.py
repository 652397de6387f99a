"""How far behind the catalogue is, in figures, on both databases."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.freshness import gauges, lag
from moviec.catalog.ingest_queue import RecordChange, append, mark_done, set_aside
from moviec.catalog.queries import set_checkpoint
from moviec.catalog.schema.arrivals import deliveries
from moviec.catalog.schema.serving import changes

THEN = "2026-11-01T00:00:00+00:00"


def test_what_waits_and_who_is_behind_is_counted(database: str) -> None:
    catalogue = connect(database)
    now = dt.datetime.now(dt.UTC)
    with writing(catalogue) as connection:
        assert {(one.name, one.of, one.value) for one in lag(connection, now)} == {
            ("queue_changes", "catalogue", 0), ("queue_seconds", "catalogue", 0), ("set_aside", "catalogue", 0),
        }  # fmt: skip
        entry = {"at": THEN, "kind": "created", "fields": "{}"}
        connection.execute(sa.insert(changes), [{"number": n, "movie": n, **entry} for n in (1, 2, 3)])
        mark_done(connection, append(connection, [RecordChange("decision", source="imdb", key="1")]))
        append(connection, [RecordChange("decision", 3, source="imdb", key=key) for key in "23"])
        for follower, place in (("mirror", 1), ("webhook", 3)):
            set_checkpoint(connection, follower, place, THEN)
        set_aside(connection, "webhooks", [{"webhook": 1}, {"webhook": 2}], "answered 500", 33)
        for day in ("20261030", "20261101"):
            given = {
                "id": f"{day}-imdb",
                "source": "imdb",
                "delivered_at": f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00+00:00",
            }
            usual = {
                "received_at": THEN,
                "fingerprint": "f",
                "complete": True,
                "state": "applied",
                "records": 1,
                "report": "{}",
            }
            connection.execute(sa.insert(deliveries), given | usual)
    with catalogue.connect() as connection:
        found = lag(connection, now + dt.timedelta(seconds=100))
        late = lag(connection, dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC))
    values = {(one.name, one.of): one.value for one in found}
    assert values["queue_changes", "catalogue"] == 6
    assert 95 < values["queue_seconds", "catalogue"] <= 100
    assert (values["follower_behind", "mirror"], values["follower_behind", "webhook"]) == (2, 0)
    assert (values["set_aside", "catalogue"], values["set_aside", "webhooks"]) == (0, 2)
    assert gauges(late).splitlines()[-2:] == [
        "# TYPE moviec_source_age_days gauge", 'moviec_source_age_days{of="imdb"} 2.5',
    ]  # fmt: skip
    catalogue.dispose()

"""Object-created events in the shapes in which they arrive, and what is said of those that announce nothing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviec.errors import UsageError
from moviec.pipeline.arrivals import Announced, deliveries_of, read_event

NOON = dt.datetime(2026, 11, 8, 12, tzinfo=dt.UTC)


def record(
    key: str, name: str = "ObjectCreated:Put", time: str = "2026-11-08T12:00:00.000Z"
) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": time,
        "eventName": name,
        "s3": {"bucket": {"name": "drops"}, "object": {"key": key, "size": 3}},
    }


def bridged(key: str, kind: str = "Object Created") -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": kind,
        "source": "aws.s3",
        "time": "2026-11-08T12:00:00Z",
        "detail": {"bucket": {"name": "drops"}, "object": {"key": key}},
    }


PLAIN = {"Records": [record("films/red+flower%2B1.csv")]}
SHAPES = {
    "S3": PLAIN,
    "SNS over HTTP": {"Type": "Notification", "Message": json.dumps(PLAIN)},
    "SNS in a record": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(PLAIN)}}]},
    "S3 in a queue": {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(PLAIN)}]},
    "SNS in a queue": {"Records": [{"body": json.dumps({"Message": json.dumps(PLAIN)})}]},
    "EventBridge": bridged("films/red+flower%2B1.csv"),
    "MinIO": {"Records": [record("films%2Fred+flower%2B1.csv", "s3:ObjectCreated:Put")]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_announces_the_same_object(shape: str) -> None:
    said = read_event(json.dumps(SHAPES[shape]).encode(), shape)
    assert said.objects == (Announced("s3://drops/films/red flower+1.csv", NOON),)
    assert said.others == ()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drops"}, "a test event of the bucket drops"),
        ({"Records": [record("a.csv", "ObjectRemoved:Delete")]}, "'ObjectRemoved:Delete' of s3://drops/a.csv"),
        (bridged("a.csv", "Object Deleted"), "'Object Deleted' of s3://drops/a.csv"),
    ],
)  # fmt: skip
def test_what_announces_no_object_is_named(event: dict[str, Any], words: str) -> None:
    said = read_event(json.dumps(event).encode(), "event.json")
    assert not said.objects
    assert said.others[0].startswith(words)


def test_objects_of_one_folder_are_one_delivery_and_the_oldest_comes_first() -> None:
    records = [
        record("week2/movies.csv"),
        record("week1/movies.csv", time="2026-11-01T12:00:00Z"),
        record("week1/links.csv", time="2026-11-01T12:00:05Z"),
        record("week1/movies.csv", time="2026-11-01T12:00:01Z"),
    ]
    said = read_event(json.dumps({"Records": records}).encode(), "event.json")
    assert deliveries_of(said.objects) == [
        (dt.datetime(2026, 11, 1, 12, 0, 5, tzinfo=dt.UTC), ["s3://drops/week1/movies.csv", "s3://drops/week1/links.csv"]),
        (NOON, ["s3://drops/week2/movies.csv"]),
    ]  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "s3", "Message", "eventName", "eventTime", "source", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30))
def test_what_is_no_event_is_refused_in_one_line(text: bytes) -> None:
    try:
        assert read_event(text, "event.json").objects == ()
    except UsageError as error:
        assert str(error).startswith("event.json: this is not an object-created event")

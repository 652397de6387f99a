"""Object-created events (S3, the same through SNS or SQS, EventBridge) into the files that they announce."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from moviec.decoding import plain
from moviec.errors import UsageError

#: Where one event stands inside another as JSON text: SNS over HTTP or in a queue, SNS in a record, SQS in a record.
_ENVELOPES = (("Message",), ("Sns", "Message"), ("body",))


class Announced(msgspec.Struct, frozen=True):
    """An object that an event says was created: its `s3://` address and when."""

    url: str
    at: dt.datetime


class Announcement(msgspec.Struct, frozen=True):
    """What an event says: objects that were created, and in words whatever else it speaks of."""

    objects: tuple[Announced, ...]
    others: tuple[str, ...]


def read_event(text: bytes, where: str) -> Announcement:
    """Read an event; raises UsageError where it is none.

    Keys are decoded as S3 encodes them, a plus being a space: in the notifications of S3
    (docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html) and of EventBridge alike.
    """
    try:
        found = list(_read(msgspec.json.decode(text)))
    except (msgspec.DecodeError, LookupError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"this is no object-created event ({plain(error)})",
            where,
            "give the JSON of S3, SNS or EventBridge",
        ) from error
    return Announcement(
        tuple(one for one in found if isinstance(one, Announced)),
        tuple(one for one in found if isinstance(one, str)),
    )


def deliveries_of(objects: tuple[Announced, ...]) -> list[tuple[dt.datetime, list[str]]]:
    """Group objects into deliveries, oldest first: those of one folder arrived together, when the last of them did."""
    folders: dict[str, list[Announced]] = {}
    for one in objects:
        folders.setdefault(one.url.rpartition("/")[0], []).append(one)
    deliveries = [
        (max(one.at for one in some), list(dict.fromkeys(one.url for one in some)))
        for some in folders.values()
    ]
    return sorted(deliveries)


def _read(event: Any) -> Iterator[Announced | str]:
    """Yield each object created, and in words each thing that is none; raises KeyError where it is no event."""
    inner = next((found for path in _ENVELOPES if isinstance(found := _at(event, path), str)), None)
    several = event if isinstance(event, list) else _at(event, ("Records",))
    if inner is not None:
        yield from _read(msgspec.json.decode(inner))
    elif isinstance(several, list):
        for one in several:
            yield from _read(one)
    elif event.get("Event") == "s3:TestEvent":
        yield f"a test event of the bucket {event.get('Bucket')}"
    elif event.get("source") == "aws.s3":
        yield _announced(event["detail-type"], event["detail"], event["time"])
    else:
        yield _announced(event["eventName"], event["s3"], event["eventTime"])


def _announced(kind: str, what: dict[str, Any], time: str) -> Announced | str:
    bucket, key = what["bucket"]["name"], unquote_plus(what["object"]["key"])
    if kind != "Object Created" and not kind.removeprefix("s3:").startswith("ObjectCreated:"):
        return f"'{kind}' of s3://{bucket}/{key}, which creates no object"
    at = dt.datetime.fromisoformat(time)
    return Announced(f"s3://{bucket}/{key}", at if at.tzinfo else at.replace(tzinfo=dt.UTC))


def _at(event: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        event = event.get(name) if isinstance(event, dict) else None
    return event

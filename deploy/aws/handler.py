"""What AWS calls when an object lands in the drop bucket: one `moviec ingest SOURCE --event` for each source in the event.

The first folder of an object's key is its source: `imdb/2026-11-08/title.basics.tsv.gz`. Settings come from the environment (MOVIEC_LAKE,
MOVIEC_CATALOGUE, …). Raises where a delivery failed, so that the event is tried again and lands in the dead-letter queue in the end.
"""

import json
import os
import subprocess
import sys

#: Sub-folders of the drop bucket in which no deliveries lie.
LEFT_OUT = ("processed", "failed")


def handler(event, context=None):
    """Take in what an event announces; return by source what the command ended with."""
    done = {}
    for source, part in split(event).items():
        command = [sys.executable, "-m", "moviec", "ingest", source, "--event", "-", "--json"]
        environment = {"MOVIEC_HOME": "/tmp/moviec", **os.environ}
        ended = subprocess.run(command, input=json.dumps(part), text=True, capture_output=True, env=environment, check=False)
        print(ended.stderr, file=sys.stderr)
        done[source] = ended.returncode
    if failed := sorted(source for source, status in done.items() if status not in (0, 3)):
        raise RuntimeError(f"not taken in: {', '.join(failed)}; the log above says why")
    return {"done": done, "look": sorted(source for source, status in done.items() if status == 3)}


def split(event):
    """Return an event for each source in it, in the form in which it came."""
    if "detail" in event:  # EventBridge: one object
        source = source_of(event["detail"]["object"]["key"])
        return {source: event} if source else {}
    found = {}
    for record in event.get("Records", []):
        for inner in json.loads(record["body"]).get("Records", []) if "body" in record else [record]:
            if source := source_of(inner["s3"]["object"]["key"]):
                found.setdefault(source, {"Records": []})["Records"].append(inner)
    return found


def source_of(key):
    """Return the source that a key is of, or nothing for a folder, a file beside the folders and what is done."""
    source, slash, name = key.partition("/")
    return source if slash and name and not name.endswith("/") and source not in LEFT_OUT else ""

"""`moviec tidy`: keeps what the settings say, and no more."""

from __future__ import annotations

import datetime as dt

from moviec.cli.console import print_json, steps
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.jobs.retention import tidy as run_tidy
from moviec.pipeline.opening import open_run
from moviec.units import plural


def tidy(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make many batches one, and remove raw payloads and the record of runs that the settings keep no longer.

    Nothing that a live record needs is removed. The worker does this once a day.
    """
    place = open_home(home)
    with steps(quiet=as_json) as tell, open_run(place, alone=True, tell=tell) as context:
        done = run_tidy(context, dt.datetime.now(dt.UTC), tell)
    if as_json:
        print_json(done)
        return
    for source, count in done.compacted.items():
        print(f"{source}: {plural(count, 'batch', 'batches')} made one")
    print(f"removed: {done.payloads:,} payloads ({done.bytes:,} bytes), the record of {done.runs:,} runs")

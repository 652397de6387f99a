"""What a provider is told of a delivery's defects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from moviec.units import plural

#: Of a long row as much is quoted as finds it in the file.
QUOTED = 200


def defects_markdown(delivery: str, rows: Sequence[tuple[str, int, str, str]]) -> str:
    """Write a defect report from (file, line, reason, text): how many of which kind, then each row."""
    kinds = Counter((file, reason) for file, _, reason, _ in rows)
    lines = [
        f"# Defects in delivery {delivery}",
        "",
        f"{plural(len(rows), 'row', 'rows')} could not be read.",
        "",
    ]
    lines += ["| file | reason | rows |", "|---|---|---|"]
    lines += [f"| {file} | {_cell(reason)} | {count} |" for (file, reason), count in sorted(kinds.items())]
    lines += ["", "| file | line | reason | text |", "|---|---|---|---|"]
    lines += [f"| {file} | {line} | {_cell(reason)} | {_cell(text)} |" for file, line, reason, text in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Keep a text inside its cell of a Markdown table."""
    return text[:QUOTED].replace("|", "\\|").replace("\n", " ⏎ ").replace("\r", "")

"""`moviec report` and `moviec settling`: shows which genres or companies lead, and how revenue settles after
release.
"""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from moviec.catalog.connect import connect
from moviec.catalog.history import settling as settle
from moviec.cli.console import HomeOption, JsonOption, exclude, print_json, print_table
from moviec.cli.rollup import Split
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.measures import Question, least_films
from moviec.pipeline.report_films import open_catalogue, open_folder
from moviec.rollup.charts import bars, draw, lines
from moviec.rollup.ranked import answer, choose, with_films
from moviec.text import no_formula
from moviec.units import LEAST_FILMS, plural, short_number

#: More lines than this in one picture are indistinguishable.
MOST_LINES = 8


class Kind(StrEnum):
    """What a report is about."""

    genres = "genres"
    companies = "companies"


class Measure(StrEnum):
    """The measure."""

    revenue = "revenue"
    budget = "budget"
    profit = "profit"
    movies = "movies"
    popularity = "popularity"
    votes = "votes"
    c_rating = "c_rating"


class By(StrEnum):
    """How amounts are aggregated."""

    sum = "sum"
    mean = "mean"
    median = "median"
    max = "max"


def report(
    kind: Annotated[Kind, typer.Argument(help="genres or companies")],
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="A folder that `moviec rollup` wrote, instead of the catalogue."),
    ] = None,
    year: Annotated[int | None, typer.Option(help="One year.")] = None,
    years: Annotated[str | None, typer.Option(help="A span of years, such as 1990-1999.")] = None,
    month: Annotated[int | None, typer.Option(min=1, max=12, help="One month of each year.")] = None,
    measure: Annotated[Measure, typer.Option(help="What is measured.")] = Measure.revenue,
    by: Annotated[
        By | None, typer.Option(help="How it is aggregated: sum; for popularity and c_rating the median.")
    ] = None,
    split: Annotated[
        Split, typer.Option(help="Films with several genres count fully for each or divided.")
    ] = Split.full,
    top: Annotated[int | None, typer.Option(min=1, help="The first N (default 20).")] = None,
    bottom: Annotated[int | None, typer.Option(min=1, help="The last N.")] = None,
    min_movies: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Leave out those with fewer films behind the value ({LEAST_FILMS} for c_rating)."
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the result into FILE.svg or FILE.png.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """List the leading genres or companies, by revenue, budget, profit, films, popularity, votes or C-rating."""
    exclude({"--json": as_json, "--csv": as_csv})
    exclude({"--from": folder, "--home": home})
    exclude({"--year": year, "--years": years})
    first, last = _span(year, years)
    question = Question(
        kind="genres" if kind is Kind.genres else "production_companies",
        first_year=first,
        last_year=last,
        month=month or 0,
        measure=measure.value,
        by=by.value if by else None,
    )
    if top is None and bottom is None:
        top = 20
    films = (
        open_folder(folder, question, split.value)
        if folder
        else open_catalogue(open_home(home), question, split.value)
    )
    with films as (engine, coverage):
        least = min_movies or least_films(measure.value)
        line = coverage.line(question) + (f"; of those with {least:,} films or more" if least > 1 else "")
        chosen = choose(with_films(answer(engine, question), least), top, bottom)
        if plot:
            yearly = answer(engine, question, each_year=True) if last > first else None
            draw(picture(chosen, yearly, question, line), plot)
    if as_json:
        print_json(
            {
                "question": {
                    "kind": question.kind,
                    "first_year": first,
                    "last_year": last,
                    "month": month,
                    "measure": question.measure,
                    "by": question.added_up,
                    "split": split.value,
                    "min_movies": least,
                },
                "coverage": line,
                "rows": chosen.drop_columns(["year"]).to_pylist(),
            }
        )
    elif as_csv:
        _print_csv(chosen.drop_columns(["year"]))
    else:
        _print_table(chosen, question, line)
        if plot:
            print(f"picture: {plot}")


def _span(year: int | None, years: str | None) -> tuple[int, int]:
    """Read --year or --years."""
    if year is not None:
        return year, year
    if years is None:
        return 1, 9999
    first, dash, last = years.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal()):
        raise UsageError(f"'{years}' is not a span of years", "--years", "write it like 1990-1999")
    return min(int(first), int(last)), max(int(first), int(last))


def _title(question: Question) -> str:
    kind = question.kind.replace("_", " ")
    first, last = question.first_year, question.last_year
    when = "" if (first, last) == (1, 9999) else f", {first}" if first == last else f", {first}–{last}"
    month = f", month {question.month}" if question.month else ""
    return f"{kind.capitalize()} by {question.measure} ({question.added_up}){when}{month}"


def picture(chosen: pa.Table, yearly: pa.Table | None, question: Question, subtitle: str) -> dict[str, Any]:
    """Draw bars of one year, lines of the leaders over several."""
    if yearly is None or len(set(yearly["year"].to_pylist())) < 2:
        return bars(chosen, question, _title(question), subtitle)
    names = chosen["name"].to_pylist()[:MOST_LINES]
    places = {name: place for place, name in enumerate(names)}
    rows = [row for row in yearly.to_pylist() if row["name"] in places and row["value"] is not None]
    rows.sort(key=lambda row: (places[row["name"]], row["year"]))
    return lines(pa.Table.from_pylist(rows, schema=yearly.schema), question, _title(question), subtitle)


def _print_table(table: pa.Table, question: Question, coverage: str) -> None:
    rows = [
        (row["name"] or "?", f"{row['movies']:,}", f"{row['known']:,}", short_number(row["value"]))
        for row in table.to_pylist()
    ]
    print_table(_title(question), (question.kind.replace("_", " "), "films", "known", question.measure), rows)
    print(coverage)


def _print_csv(table: pa.Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(tuple(map(no_formula, row.values())) for row in table.to_pylist())


def settling(
    share: Annotated[
        float,
        typer.Option(min=0.5, max=0.9999, help="Revenue counts as settled within this share of today's."),
    ] = 0.99,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how much of today's revenue was known by months after release, from the change log."""
    catalogue = connect(open_home(home).catalogue)
    with catalogue.connect() as connection:
        found = settle(connection, share)
    catalogue.dispose()
    if as_json:
        print_json(found)
        return
    if not found.months:
        print(
            "the change log has no film whose revenue was reported twice; there is no window to suggest yet"
        )
        return
    rows = [
        (
            str(month.month),
            f"{month.films:,}",
            short_number(month.known),
            short_number(month.today),
            f"{month.share:.1%}",
        )
        for month in found.months
    ]
    films = plural(found.films, "film", "films")
    print_table(
        f"Revenue of {films} reported more than once", ("month", "films", "then", "today", "share"), rows
    )
    if found.settled is None:
        print(f"in no month was {share:.0%} known from then on: the log is too short to suggest a window")
    else:
        print(f"settled from month {found.settled} on: `moviec rollup --since` should reach back that far")

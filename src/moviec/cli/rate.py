"""`moviec rate`: C-ratings for any table of ratings, and what leaving out or weighting a rater would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import duckdb
import msgspec
import pyarrow as pa
import typer

from moviec.cli.console import check_places, end_with, fail
from moviec.engine import DuckEngine
from moviec.engine.unreadable_cells import nothing_came
from moviec.errors import UsageError
from moviec.rating.arrays import Raters, prepare
from moviec.rating.model import RatingModel
from moviec.rating.ratings_file import open_ratings
from moviec.rating.table import Change, Moved, compare, fit, rated, without_aspects
from moviec.units import plural

#: Below this many shared films a rater's level and correlations depend more on the shipped priors than on the table.
LEARNED = 30

#: File endings of other formats than CSV.
NO_CSV = (".parquet", ".json", ".jsonl", ".ndjson", ".tsv", ".xls", ".xlsx")


def rate(
    ratings: Annotated[
        Path, typer.Argument(help="movie,source,value,lowest,highest[,votes][,panel][,aspect]")
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="write the scores here, as CSV")],
    without: Annotated[list[str] | None, typer.Option(help="leave a rater out (may be repeated)")] = None,
    weight: Annotated[list[str] | None, typer.Option(help="RATER=X: multiply a rater's pull")] = None,
    model: Annotated[
        Path | None, typer.Option(dir_okay=False, help="write the fitted model here, as JSON")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Rate every film of a table; uses no catalogue."""
    aside = out.with_name(f"{out.stem}.rejected.csv")
    check_places([ratings], [out, aside, model])
    if out.suffix.lower() in NO_CSV:
        raise UsageError("scores are CSV", str(out), "give --out a name that ends in .csv")
    change = Change(tuple(without or ()), dict(_weight(text) for text in weight or ()))
    for rater in {*change.without} & {*change.weights}:
        raise UsageError("both left out and weighted", rater, "give --without or --weight")
    with DuckEngine() as engine:
        opened = open_ratings(engine, ratings)
        raters = prepare(engine, opened.columns, "ratings")
        rejected = raters.rejected + engine.query("SELECT * FROM ratings_unread").num_rows
        _write_aside(engine, aside, rejected)
        unread = [column for column in opened.unread if column.mostly]
        for column in opened.unread:
            if not column.mostly:  # those are reported at the end
                fail(str(column))
        if not raters.names and unread:
            raise nothing_came(
                "no rating could be used", ratings.name, unread, f"see {aside}" if rejected else ""
            )
        fitted = fit(engine, raters)
        change.check(fitted)
        plain = pa.concat_tables(rated(engine, raters, fitted))
        changed = pa.concat_tables(rated(engine, raters, fitted, change)) if without or weight else plain
        moved = (
            compare(engine, without_aspects(plain), without_aspects(changed)) if without or weight else None
        )
        _write(engine, changed, out)
        films = changed.num_rows - changed["c_rating"].null_count
    if model:
        model.write_bytes(fitted.to_json())
    if as_json:
        report = _report(raters, fitted, films, rejected)
        changes = msgspec.structs.asdict(moved) | {"most": moved.most.to_pylist()} if moved else None
        typer.echo(msgspec.json.encode(report | {"unread": unread, "moved": changes}).decode())
        end_with([str(column) for column in unread])
        return
    _say(raters, fitted, films)
    if rejected:
        typer.echo(f"  {plural(rejected, 'row', 'rows')} could not be used: {aside} gives the reasons")
    for copy in fitted.copies:
        if copy.of in change.without and copy.name not in change.without:
            typer.echo(
                f"  {copy.name} repeats {copy.of} and counts in its place; --without {copy.name} leaves it out, too"
            )
    if moved:
        _say_moved(moved)
    end_with([str(column) for column in unread])


def _weight(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name, float(number)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a weight", "--weight", "write RATER=X, such as imdb=2") from error


def _write_aside(engine: DuckEngine, aside: Path, rows: int) -> None:
    """Write unusable rows and the reasons next to the scores; or remove an earlier run's file."""
    if rows:
        rejected = "SELECT * FROM rating_rejected UNION ALL SELECT * FROM ratings_unread"
        _copy(engine, f"{rejected} ORDER BY file_row, reason", aside)
    else:
        aside.unlink(missing_ok=True)


def _write(engine: DuckEngine, scores: pa.Table, out: Path) -> None:
    """Write one row per film, with contributions and aspects as text."""
    engine.register("rated_rows", scores)
    engine.view(
        "rated_aspects",
        "SELECT movie, string_agg(translate(aspect, ';:', '  ') || ':' || c_rating, ';' ORDER BY aspect) AS aspects FROM rated_rows"
        " WHERE aspect <> 'overall' GROUP BY movie",
    )
    _copy(
        engine,
        "SELECT movie, c_rating, low, high, critics, audience, sources, base, list_aggregate(list_transform("
        "contributions, lambda c: translate(c.rater, ';:', '  ') || ':' || c.points), 'string_agg', ';') AS contributions, aspects, method"
        " FROM (SELECT * FROM rated_rows WHERE aspect = 'overall') o FULL JOIN rated_aspects a USING (movie)"
        " ORDER BY movie",
        out,
    )


def _copy(engine: DuckEngine, sql: str, path: Path) -> None:
    try:
        engine.write_csv(sql, path)
    except duckdb.IOException as error:
        raise UsageError("cannot be written", str(path), "does its folder exist?") from error


def _report(raters: Raters, model: RatingModel, films: int, rejected: int) -> dict[str, object]:
    known = {name: prior.known for name, prior in zip(raters.names, raters.priors, strict=True)}
    return {
        "films": films,
        "ratings": sum(raters.ratings),
        "rejected": rejected,
        "method": model.version,
        "fitted_on": model.films,
        "raters": [
            {
                "rater": rater.name,
                "panel": rater.panel,
                "known": known[rater.name],
                "films": rater.films,
                "shared": rater.shared,
                "learned": rater.shared >= LEARNED,
                "mean": round(rater.mean, 1),
                "spread": round(rater.spread, 1),
            }
            for rater in model.raters
        ],
        "copies": {copy.name: copy.of for copy in model.copies},
        "constants": list(model.constants),
    }


def _say(raters: Raters, model: RatingModel, films: int) -> None:
    """Print what was rated, and on what basis."""
    typer.echo(
        f"{plural(films, 'film', 'films')} rated from {plural(sum(raters.ratings), 'rating', 'ratings')}; {model.version}, fitted on {plural(model.films, 'film', 'films')}"
    )
    guessed = {name for name, prior in zip(raters.names, raters.priors, strict=True) if not prior.known}
    for rater in model.raters:
        learned = "learned from" if rater.shared >= LEARNED else "mostly the shipped prior, for it has only"
        panel = f"{rater.panel}{' (unknown to the shipped model)' if rater.name in guessed else ''}"
        typer.echo(
            f"  {rater.name}: {panel}, mean {rater.mean:.1f}, spread {rater.spread:.1f}; {learned}"
            f" {plural(rater.shared, 'film', 'films')} shared with others"
        )
    for copy in model.copies:
        typer.echo(
            f"  {copy.name} repeats {copy.of} ({plural(copy.shared, 'film', 'films')}): the two count once"
        )
    for name in model.constants:
        typer.echo(f"  {name} does not count: it rates every film the same, or agrees with no other rater")


def _say_moved(moved: Moved) -> None:
    """Print how far a change moved films compared with the plain run."""
    typer.echo(
        f"compared with the plain run, {plural(moved.films, 'film', 'films')}: ratings move by {moved.mean_points:.2f} points on average and"
        f" {moved.most_points:.2f} at most, ranks by {moved.mean_ranks:.1f} places"
        + (f"; {plural(moved.lost, 'film has', 'films have')} no rater left" if moved.lost else "")
    )
    for film in moved.most.to_pylist():
        typer.echo(
            f"  {film['movie']}: {film['before']:.2f} -> {film['after']:.2f},"
            f" rank {film['rank_before']} -> {film['rank_after']}"
        )

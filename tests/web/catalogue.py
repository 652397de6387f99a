"""A small catalogue of films everybody knows, written straight into the tables: what the API's tests ask about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.schema.identity import identities, parties, records
from moviec.catalog.schema.movies import (
    companies,
    credits_,
    external_ids,
    genres,
    languages,
    movie_companies,
    movie_genres,
    movies,
    people,
    ratings,
    rollups,
    titles,
)
from moviec.catalog.schema.serving import changes, document_versions, documents
from moviec.model import MILLION
from moviec.search.readings import fold, fold_title

PUBLISHED = "2026-11-01T12:00:00+00:00"

GENRES = {
    "Action": (28, ["Actionfilm"]),
    "Comedy": (35, ["Komödie"]),
    "Crime": (80, []),
    "Drama": (18, []),
    "Horror": (27, []),
    "Romance": (10749, ["Romantic"]),
    "Science Fiction": (878, ["Sci-Fi", "SF"]),
    "War": (10752, []),
}
GENRE_IDS = {name: number for number, name in enumerate(GENRES, 1)}


class Made(msgspec.Struct, frozen=True):
    """A film to be published."""

    number: int
    title: str
    year: int
    genres: Sequence[str] = ("Drama",)
    director: str = "Jane Doe"
    company: str = "Acme Pictures"
    votes: int = 100
    popularity: float = 1.0
    c_rating: float | None = 60.0
    others: Sequence[tuple[str, str]] = ()
    original: str | None = None
    original_language: str = "en"
    month: int = 6
    budget: int | None = None
    revenue: int | None = None
    adult: bool = False
    unsure: float = 10.0
    collection: str | None = None
    cast: Sequence[tuple[str, str]] = ()
    keywords: Sequence[str] = ()
    countries: Sequence[str] = ("US",)
    certificate: str | None = None
    runtime: int | None = None


KEANU = (("Keanu Reeves", "Neo"), ("Carrie-Anne Moss", "Trinity"))

FILMS = [
    Made(1, "The Matrix", 1999, ("Action", "Science Fiction"), "Lana Wachowski", "Warner Bros.", 2_000_000, 80.0, 86.0, (("Матрица", "ru"),), None, "en", 3, 63_000_000, 463_517_383, collection="The Matrix Collection", cast=KEANU, keywords=("dystopia", "virtual reality"), certificate="R", runtime=136, countries=("US", "AU")),
    Made(2, "The Matrix Reloaded", 2003, ("Action", "Science Fiction"), "Lana Wachowski", "Warner Bros.", 600_000, 50.0, 70.0, (), None, "en", 5, 150_000_000, 739_846_345, collection="The Matrix Collection", cast=KEANU, keywords=("dystopia", "virtual reality"), certificate="R", runtime=138),
    Made(3, "The Godfather", 1972, ("Crime", "Drama"), "Francis Ford Coppola", "Paramount", 1_900_000, 90.0, 95.0, (("Der Pate", "de"), ("Le Parrain", "fr")), None, "en", 3, 6_000_000, 245_066_411, collection="The Godfather Collection", cast=(("Al Pacino", "Michael Corleone"),), keywords=("mafia",), certificate="R", runtime=175),
    Made(4, "The Godfather: Part II", 1974, ("Crime", "Drama"), "Francis Ford Coppola", "Paramount", 1_300_000, 60.0, 93.0, (("Der Pate – Teil II", "de"),), None, "en", 12, 13_000_000, 102_600_000, collection="The Godfather Collection", cast=(("Al Pacino", "Michael Corleone"), ("Robert De Niro", "Vito Corleone")), keywords=("mafia",), certificate="R", runtime=202),
    Made(5, "Amélie", 2001, ("Comedy", "Romance"), "Jean-Pierre Jeunet", "UGC", 770_000, 30.0, 85.0, (("Die fabelhafte Welt der Amélie", "de"),), "Le Fabuleux Destin d'Amélie Poulain", "fr", 4, 10_000_000, 173_921_954, countries=("FR", "DE"), certificate="R", runtime=122),
    Made(6, "War Horse", 2011, ("Drama", "War"), "Steven Spielberg", "DreamWorks", 160_000, 20.0, 72.0, (), None, "en", 12, 66_000_000, 177_600_000),
    Made(7, "Alien", 1979, ("Horror", "Science Fiction"), "Ridley Scott", "20th Century Fox", 900_000, 55.0, 88.0, (), None, "en", 5, 11_000_000, 104_931_801),
    Made(8, "Aliens", 1986, ("Action", "Science Fiction"), "James Cameron", "20th Century Fox", 740_000, 45.0, 87.0, (), None, "en", 7, 18_500_000, 131_060_248),
    Made(9, "2001: A Space Odyssey", 1968, ("Science Fiction",), "Stanley Kubrick", "MGM", 690_000, 40.0, 89.0, (), None, "en", 4, 10_500_000, 68_700_000),
    Made(10, "Scary Movie", 2000, ("Comedy", "Horror"), "Keenen Ivory Wayans", "Dimension", 280_000, 35.0, 55.0, (), None, "en", 7, 19_000_000, 278_019_771),
    Made(11, "Heat", 1995, ("Crime", "Drama"), "Michael Mann", "Warner Bros.", 700_000, 42.0, 84.0, (), None, "en", 12, 60_000_000, 187_436_818, cast=(("Al Pacino", "Vincent Hanna"), ("Robert De Niro", "Neil McCauley")), keywords=("heist",), certificate="R", runtime=170),
    Made(12, "Heat", 1986, ("Drama",), "Dick Richards", "New Century", 3_000, 2.0, 50.0, (), None, "en", 11),
    Made(13, "Seven Samurai", 1954, ("Action", "Drama"), "Akira Kurosawa", "Toho", 360_000, 33.0, 92.0, (("七人の侍", "ja"),), "七人の侍", "ja", 4, countries=("JP",), runtime=207),
    Made(14, "Spider-Man", 2002, ("Action",), "Sam Raimi", "Columbia", 850_000, 48.0, 73.0, (), None, "en", 5, 139_000_000, 821_708_551, certificate="PG-13", runtime=121),
    Made(15, "Léon", 1994, ("Action", "Crime"), "Luc Besson", "Gaumont", 1_200_000, 47.0, 85.0, (("The Professional", "en"),), "Léon", "fr", 9, 16_000_000, 45_284_974),
    Made(16, "Forbidden Nights", 1993, ("Romance",), "Nomen Nescio", "Backroom", 500, 5.0, 30.0, (), None, "en", 1, None, None, True),
    Made(17, "Blade Runner 2049", 2017, ("Drama", "Science Fiction"), "Denis Villeneuve", "Columbia", 620_000, 46.0, 83.0, (), None, "en", 10, 150_000_000, 259_239_658),
    Made(18, "Matrimony", 1999, ("Comedy",), "Jane Doe", "Acme Pictures", 1_000, 1.5, 58.0, (), None, "en", 2),
    *(Made(100 + n, f"Chronicle of Day {n}", 1950 + n % 60, ("Drama",), votes=n, popularity=n / 10, c_rating=40 + n / 5) for n in range(60)),
]  # fmt: skip

MERGED = (50, 1)
WITHDRAWN = 51


def catalogue_at(url: str, films: Sequence[Made] = FILMS) -> sa.Engine:
    """Publish the films into a new catalogue."""
    catalogue = connect(url)
    with catalogue.begin() as connection:
        connection.execute(
            sa.insert(languages), [{"code": code, "name": None} for code in ("en", "fa", "fr", "ja", "zh")]
        )
        connection.execute(
            sa.insert(genres),
            [
                {"id": GENRE_IDS[name], "name": name, "facet": "genre", "aliases": json.dumps(aliases), "ids": json.dumps({"tmdb": [str(tmdb)]})}
                for name, (tmdb, aliases) in GENRES.items()
            ],
        )  # fmt: skip
        number, successor = MERGED
        connection.execute(
            sa.insert(identities),
            [
                {"movie": number, "state": "merged", "successor": successor},
                {"movie": WITHDRAWN, "state": "withdrawn", "successor": None},
            ],
        )
        # Which person an id at IMDb is.
        keanu = {"kind": "people", "space": "imdb", "key": "nm0000158", "folded": "keanu reeves"}
        connection.execute(sa.insert(parties).values(**keanu, party=person_id("Keanu Reeves")))
        publish(connection, films)
        _write_rollups(connection, films)
    return catalogue


def document(film: Made) -> dict[str, Any]:
    """Give the film's document."""
    found: dict[str, Any] = {
        "id": f"mc{film.number}",
        "kind": "feature",
        "title": film.title,
        "original_title": film.original or film.title,
        "other_titles": [{"title": title, "language": language} for title, language in film.others],
        "year": film.year,
        "released": f"{film.year}-{film.month:02}-15",
        "genres": [{"id": GENRE_IDS[name], "name": name, "facet": "genre", "confidence": 0.31 if (film.number, name) == (5, "Romance") else 0.98} for name in film.genres],
        "original_language": film.original_language,
        "runtime": film.runtime,
        "certificate": film.certificate,
        "collection": film.collection,
        "keywords": list(film.keywords),
        "countries": list(film.countries),
        "people": [
            {"id": person_id(film.director), "name": film.director, "role": "director", "position": 0},
            *({"id": person_id(name), "name": name, "role": "actor", "character": character, "position": place}
              for place, (name, character) in enumerate(film.cast, 1)),
        ],
        "companies": [{"id": company_id(film.company), "name": film.company}],
        "budget": film.budget,
        "revenue": film.revenue,
        "popularity": film.popularity,
        "votes": film.votes,
        "ids": {"imdb": f"tt{film.number:07}", "tmdb": str(film.number)},
        "rating": {"c_rating": film.c_rating, "low": (film.c_rating or 0.0) - film.unsure, "high": 97.0, "sources": 1, "base": 60.0, "contributions": [{"rater": "imdb", "points": 10.0}], "method": "c1-test"},
        "ratings": [{"rater": "imdb", "panel": "audience", "aspect": "overall", "value": 8.0, "lowest": 1.0, "highest": 10.0, "votes": film.votes, "source": "imdb"}],
        "adult": film.adult,
        "confidence": {"title": 0.99},
        "sources": ["imdb"],
    }  # fmt: skip
    return {name: value for name, value in found.items() if value not in (None, [])}


def publish(connection: sa.Connection, films: Iterable[Made], at: str = PUBLISHED) -> None:
    """Publish films that are new, or publish them anew with their old documents kept as versions."""
    for film in films:
        number = (connection.scalar(sa.select(sa.func.max(changes.c.number))) or 0) + 1
        text = json.dumps(document(film), ensure_ascii=False, separators=(",", ":"))
        old = connection.execute(sa.select(documents).where(documents.c.movie == film.number)).one_or_none()
        if old is None:
            _relations(connection, film)
        else:
            connection.execute(
                sa.insert(document_versions).values(
                    movie=film.number, since=old.since, until=at, document=old.document, claims=old.claims
                )
            )
            connection.execute(sa.delete(documents).where(documents.c.movie == film.number))
        claims = {"id": f"mc{film.number}", "fields": {"year": {"value": film.year, "rule": "weighted_vote", "confidence": 0.99, "source": "imdb", "claims": [{"source": "imdb", "value": film.year, "weight": 1.0, "chosen": True}]}}}  # fmt: skip
        connection.execute(
            sa.insert(documents).values(
                movie=film.number,
                document=text,
                claims=json.dumps(claims),
                hash=hashlib.sha256(text.encode()).hexdigest(),
                since=at,
                change=number,
            )
        )
        fields = {"title": [None if old is None else "before", film.title]}
        connection.execute(
            sa.insert(changes).values(
                number=number, at=at, movie=film.number, kind="created" if old is None else "updated",
                fields=json.dumps(fields), source="imdb", delivery=None,
            )
        )  # fmt: skip


def withdraw(connection: sa.Connection, number: int, at: str) -> None:
    """Take a film out of the catalogue again."""
    old = connection.execute(sa.select(documents).where(documents.c.movie == number)).one()
    versions = sa.insert(document_versions)
    connection.execute(
        versions.values(movie=number, since=old.since, until=at, document=old.document, claims=old.claims)
    )
    connection.execute(versions.values(movie=number, since=at, until="9999", document=None, claims=None))
    for table in (movie_genres, movie_companies, credits_, external_ids, ratings, titles, documents, movies):
        connection.execute(sa.delete(table).where(table.c.movie == number))
    connection.execute(sa.update(identities).where(identities.c.movie == number).values(state="withdrawn"))
    last = connection.scalar(sa.select(sa.func.max(changes.c.number))) or 0
    row = {"number": last + 1, "at": at, "movie": number, "kind": "withdrawn", "fields": "{}", "source": None}
    connection.execute(sa.insert(changes).values(**row, delivery=None))


def person_id(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)


def company_id(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)


def _relations(connection: sa.Connection, film: Made) -> None:
    number = film.number
    insert = connection.execute
    insert(sa.insert(identities).values(movie=number, state="live", successor=None))
    insert(
        sa.insert(records).values(
            source="imdb", key=f"tt{number:07}", movie=number, live=True, method="alone"
        )
    )
    insert(
        sa.insert(movies).values(
            movie=number, kind="feature", title=film.title, original_title=film.original or film.title,
            folded=fold_title(film.title), year=film.year, original_language=film.original_language, budget=film.budget,
            revenue=film.revenue, popularity=round(film.popularity * MILLION), votes=film.votes,
            c_rating=film.c_rating, raters=1, adult=film.adult, collection=film.collection, runtime=film.runtime,
            certificate=film.certificate,
        )
    )  # fmt: skip
    named = [film.title, film.original, *(title for title, _ in film.others)]
    distinct = [title for title in dict.fromkeys(named) if title]
    insert(
        sa.insert(titles),
        [{"movie": number, "position": place, "title": title, "folded": fold_title(title)} for place, title in enumerate(distinct)],
    )  # fmt: skip
    insert(
        sa.insert(movie_genres),
        [{"movie": number, "genre": GENRE_IDS[name], "position": place, "confidence": 980_000} for place, name in enumerate(film.genres)],
    )  # fmt: skip
    billed = [
        (film.director, "director", None),
        *((name, "actor", character) for name, character in film.cast),
    ]
    for table, name, identifier in (
        *((people, name, person_id) for name, _, _ in billed),
        (companies, film.company, company_id),
    ):
        if connection.scalar(sa.select(table.c.id).where(table.c.id == identifier(name))) is None:
            row = {"id": identifier(name), "name": name, "folded": fold(name), "ids": "{}", "aliases": "[]"}
            insert(sa.insert(table).values({key: row[key] for key in row if key in table.c}))
    insert(
        sa.insert(movie_companies).values(
            movie=number, position=0, company=company_id(film.company), name=film.company, keys="{}"
        )
    )
    insert(
        sa.insert(credits_),
        [
            {"movie": number, "position": place, "person": person_id(name), "name": name, "role": role,
             "character": character, "keys": "{}"}
            for place, (name, role, character) in enumerate(billed)
        ],
    )  # fmt: skip
    insert(
        sa.insert(external_ids),
        [
            {"space": "imdb", "id": f"tt{number:07}", "movie": number, "position": 0},
            {"space": "tmdb", "id": str(number), "movie": number, "position": 0},
            {"space": "rottentomatoes", "id": f"m/film_{number}", "movie": number, "position": 0},
        ],
    )  # fmt: skip
    insert(
        sa.insert(ratings).values(
            movie=number, rater="imdb", aspect="overall", panel="audience", value=8.0, lowest=1.0, highest=10.0,
            votes=film.votes, source="imdb", points=77.8,
        )
    )  # fmt: skip


def _write_rollups(connection: sa.Connection, films: Sequence[Made]) -> None:
    """Add up the films as the pipeline's rollups do, the simple way."""
    cells: dict[tuple[str, int, int, int], list[Made]] = {}
    for film in films:
        for month in (0, film.month):
            for name in film.genres:
                cells.setdefault(("genres", film.year, month, GENRE_IDS[name]), []).append(film)
            entry = company_id(film.company)
            cells.setdefault(("production_companies", film.year, month, entry), []).append(film)
    rows = [
        {"kind": kind, "split": "full", "year": year, "month": month, "entry": entry, **_figures(some)}
        for (kind, year, month, entry), some in sorted(cells.items())
    ]
    connection.execute(sa.insert(rollups), rows)


def _figures(films: Sequence[Made]) -> dict[str, Any]:
    def total(values: Iterable[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    money = [(film.budget, film.revenue) for film in films]
    popular = sorted(round(film.popularity * MILLION) for film in films)
    rated = sorted(round(film.c_rating * 100) for film in films if film.c_rating is not None)
    profit = [revenue - budget for budget, revenue in money if budget is not None and revenue is not None]
    return {
        "movies": len(films) * MILLION,
        "films": len(films),
        "budget": total(budget for budget, _ in money),
        "revenue": total(revenue for _, revenue in money),
        "profit": total(profit),
        "budget_known": sum(budget is not None for budget, _ in money),
        "revenue_known": sum(revenue is not None for _, revenue in money),
        "profit_known": len(profit),
        "popularity_sum": sum(popular),
        "popularity_mean": sum(popular) // len(popular),
        "popularity_median": median(popular),
        "popularity_max": popular[-1],
        "popularity_known": len(popular),
        "votes": sum(film.votes for film in films),
        "votes_known": len(films),
        "c_rating_known": len(rated),
        "c_rating_mean": sum(rated) // len(rated) if rated else None,
        "c_rating_median": median(rated) if rated else None,
        "c_rating_max": rated[-1] if rated else None,
        "movie_ids": json.dumps([film.number for film in films]),
    }


def median(values: Sequence[int]) -> int:
    """Give the median of sorted whole numbers, rounded down."""
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) // 2

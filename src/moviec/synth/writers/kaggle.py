"""The Movies Dataset: movies_metadata.csv with nested columns as Python literals, credits.csv and keywords.csv."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

import msgspec

from moviec.synth import wording
from moviec.synth.distortions import KaggleDistortions, Seen, see
from moviec.synth.film import COUNTRIES, LANGUAGES, TMDB_GENRES, Company, Film
from moviec.synth.provider import Chance, FileFormat, Rendering, Row

MOVIES, CREDITS, KEYWORDS = "movies_metadata.csv", "credits.csv", "keywords.csv"
COLUMNS = (
    "adult", "belongs_to_collection", "budget", "genres", "homepage", "id", "imdb_id", "original_language",
    "original_title", "overview", "popularity", "poster_path", "production_companies", "production_countries",
    "release_date", "revenue", "runtime", "spoken_languages", "status", "tagline", "title", "video", "vote_average",
    "vote_count",
)  # fmt: skip
#: A torn record breaks inside this column: ten columns before the line break, counting it, and fifteen after.
_TORN = COLUMNS.index("overview")
_TINY_BUDGETS = ("2", "8", "120")

QUOTED_COMPANY = Company("Director's Cut Productions", 990_001)
BACKSLASH_COMPANY = Company('Back\\slash "Films" d\'Or', 990_002)


class Kaggle(msgspec.Struct, frozen=True):
    """Renders films as Kaggle has them; its key is the TMDB id. `places` says which film carries which fault."""

    seed: int
    rates: KaggleDistortions
    places: Mapping[int, str]
    name: ClassVar[str] = "kaggle"
    files: ClassVar[tuple[FileFormat, ...]] = (
        FileFormat(MOVIES, "csv", COLUMNS),
        FileFormat(CREDITS, "csv", ("cast", "crew", "id")),
        FileFormat(KEYWORDS, "csv", ("id", "keywords")),
    )

    def render(self, film: Film) -> Rendering | None:
        """Return the film's row (two where its id is there twice), its credits and its keywords."""
        chance = Chance(self.seed, self.name, film.number)
        defect = self.places.get(film.number, "")
        if chance.happens(self.rates.missing) and not defect:
            return None
        key = str(film.ids.tmdb)
        cells = _cells(film, see(film, self.rates, chance), chance)
        unknown = chance.happens(self.rates.id_missing)
        wrong = chance.happens(self.rates.wrong_id) and not unknown
        cells |= _money(film, chance)
        cells |= _votes(film, self.rates, chance)
        cells["imdb_id"] = "" if unknown else _imdb_id(film, wrong)
        if defect:
            cells |= _faulty(defect, film, chance)
        rows: dict[str, list[Row]] = {
            MOVIES: _rows(cells, defect, chance),
            CREDITS: [[_cast(film), _crew(film), key]],
        }
        if chance.happens(self.rates.keywords):
            words = [{"id": 1000 + at, "name": wording.KEYWORDS[at]} for at in wording.keywords(chance)]
            if film.overview:
                words = [{"id": _number(word), "name": word} for word in film.keywords]
            rows[KEYWORDS] = [[key, repr(words)]]
        readable = None if defect == "cut_record" else key
        return Rendering(readable, rows, (*((defect,) if defect else ()), *(("wrong_id",) if wrong else ())))


def _cells(film: Film, seen: Seen, chance: Chance) -> dict[str, str]:
    """Return the cells that show the film as it is seen, by column."""
    genres = seen.genres
    if film.kind == "tv_movie" and "TV Movie" not in genres:
        genres = (*genres, "TV Movie")
    cells = {
        "adult": "False",
        "belongs_to_collection": _collection(film.collection) if film.collection else "",
        "genres": _genres(genres),
        "homepage": f"https://films.example/{film.ids.tmdb}" if chance.happens(0.06) else "",
        "id": str(film.ids.tmdb),
        "original_language": film.language,
        "original_title": film.original_title or film.title,
        "overview": wording.overview(chance),
        "popularity": _decimal(film.popularity),
        "poster_path": f"/{chance.letters(27)}.jpg",
        "production_companies": _companies(film.companies),
        "production_countries": _countries(film.countries),
        "release_date": seen.released.isoformat(),
        "runtime": "" if seen.runtime is None else f"{seen.runtime}.0",
        "spoken_languages": _languages(film.languages),
        "status": "Released",
        "tagline": "" if chance.happens(0.24) else wording.tagline(chance),
        "title": seen.title,
        "video": "False",
    }
    real = {"homepage": "", "overview": film.overview or "", "poster_path": "", "tagline": ""}
    return cells | real if film.overview else cells


def _money(film: Film, chance: Chance) -> dict[str, str]:
    """Return budget and revenue; unknown is 0, and of what is known a part is not known here."""
    known = [amount is not None and not chance.happens(0.1) for amount in (film.budget, film.revenue)]
    return {
        "budget": str(film.budget) if known[0] else "0",
        "revenue": str(film.revenue) if known[1] else "0",
    }


def _votes(film: Film, rates: KaggleDistortions, chance: Chance) -> dict[str, str]:
    votes = rates.panel.votes(film, chance)
    value = rates.panel.value(film.audience, votes, chance) if votes else 0
    return {"vote_average": f"{value:.1f}", "vote_count": str(votes)}


def _imdb_id(film: Film, wrong: bool) -> str:
    return f"tt{int(film.ids.imdb[2:]) + 1:07d}" if wrong else film.ids.imdb


def _faulty(defect: str, film: Film, chance: Chance) -> dict[str, str]:
    """Return the cells that a fault changes."""
    changes = {
        "zero_money": {"budget": "0", "revenue": "0"},
        "tiny_budget": {"budget": chance.pick(_TINY_BUDGETS)},
        "zero_runtime": {"runtime": "0.0"},
        "blank_status": {"status": ""},
        "rumored": {"status": "Rumored"},
        "foreign_genre": {"genres": _genres((*film.genres, "Foreign"))},
        "quoted_company": {"production_companies": _companies((*film.companies, QUOTED_COMPANY))},
        "backslash_company": {"production_companies": _companies((*film.companies, BACKSLASH_COMPANY))},
        "long_overview": {"overview": wording.long_overview(chance)},
        "torn_record": {"overview": f"{wording.sentence(chance)}\n - {wording.sentence(chance)}"},
    }
    if film.overview:
        by = f"by {film.directors[0].name}"
        changes["long_overview"] = {"overview": f'{film.overview}\n"{film.title}"\n\nA film ""{by}"".'}
        changes["torn_record"] = {"overview": f"{film.overview}\n - {film.title} {by}"}
    return changes.get(defect, {})


def _rows(cells: dict[str, str], defect: str, chance: Chance) -> list[Row]:
    """Return the row of movies_metadata.csv, or what a fault makes of it."""
    row = [cells[column] for column in COLUMNS]
    if defect == "id_twice":
        older = cells | {"popularity": _decimal(1 + chance.below(900_000)), "vote_count": "1"}
        return [[older[column] for column in COLUMNS], row]
    if defect == "torn_record":
        head, tail = cells["overview"].split("\n")
        line = Kaggle.files[0].line
        return [line([*row[:_TORN], head]) + line([tail, *row[_TORN + 1 :]])]
    if defect == "cut_record":
        return [Kaggle.files[0].line(row[: _TORN - 2])]
    return [row]


@lru_cache(1 << 12)
def _countries(codes: tuple[str, ...]) -> str:
    return repr([{"iso_3166_1": code, "name": COUNTRIES.get(code, code)} for code in codes])


@lru_cache(1 << 12)
def _languages(codes: tuple[str, ...]) -> str:
    return repr([{"iso_639_1": code, "name": LANGUAGES.get(code, code)} for code in codes])


@lru_cache(1 << 12)
def _genres(genres: tuple[str, ...]) -> str:
    return repr([{"id": TMDB_GENRES[genre], "name": genre} for genre in genres])


def _companies(companies: tuple[Company, ...]) -> str:
    texts = [f"{{'name': {company.name!r}, 'id': {company.id}}}" for company in companies]
    return f"[{', '.join(texts)}]"


def _cast(film: Film) -> str:
    credit = f"{film.ids.tmdb:012x}"
    people = [
        f"{{'cast_id': {order + 1}, 'character': {person.character or ''!r}, 'credit_id': '{credit}{person.id:012x}', 'gender': 0, "
        f"'id': {person.id}, 'name': {person.name!r}, 'order': {order}, 'profile_path': None}}"
        for order, person in enumerate(film.cast)
    ]
    return f"[{', '.join(people)}]"


def _crew(film: Film) -> str:
    credit = f"{film.ids.tmdb:012x}"
    people = [
        f"{{'credit_id': '{credit}{person.id:012x}', 'department': 'Directing', 'gender': 0, "
        f"'id': {person.id}, 'job': 'Director', 'name': {person.name!r}, 'profile_path': None}}"
        for person in film.directors
    ]
    return f"[{', '.join(people)}]"


def _collection(name: str) -> str:
    return repr({"id": _number(name), "name": name, "poster_path": None})


def _number(name: str) -> int:
    """Make a number for a collection or a keyword out of its name."""
    return 10_000 + Chance("collection", name).below(900_000)


def _decimal(millionths: int) -> str:
    """Write millionths as the file has them: "21.946943", "11.7129", "2.0"."""
    text = f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}".rstrip("0")
    return text + "0" if text.endswith(".") else text

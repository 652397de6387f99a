"""What each provider calls TMDB's genres, and the names of countries and languages as Kaggle's file spells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TMDB_GENRES = {
    "Action": 28, "Adventure": 12, "Animation": 16, "Comedy": 35, "Crime": 80, "Documentary": 99, "Drama": 18,
    "Family": 10751, "Fantasy": 14, "Foreign": 10769, "History": 36, "Horror": 27, "Music": 10402, "Mystery": 9648,
    "Romance": 10749, "Science Fiction": 878, "TV Movie": 10770, "Thriller": 53, "War": 10752, "Western": 37,
}  # fmt: skip

_SAME = (
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Horror", "Mystery",
    "Romance", "Thriller", "War", "Western",
)  # fmt: skip

#: A label that is missing here is one the provider cannot give.
IMDB = {
    **{name: name for name in _SAME},
    "Family": "Family",
    "History": "History",
    "Music": "Music",
    "Science Fiction": "Sci-Fi",
}
MOVIELENS = {
    **{name: name for name in _SAME},
    "Family": "Children",
    "Science Fiction": "Sci-Fi",
    "Music": "Musical",
}
ROTTENTOMATOES = {
    "Action": "Action & Adventure",
    "Adventure": "Action & Adventure",
    "Animation": "Animation",
    "Comedy": "Comedy",
    "Documentary": "Documentary",
    "Drama": "Drama",
    "Family": "Kids & Family",
    "Fantasy": "Science Fiction & Fantasy",
    "Horror": "Horror",
    "Music": "Musical & Performing Arts",
    "Mystery": "Mystery & Suspense",
    "Romance": "Romance",
    "Science Fiction": "Science Fiction & Fantasy",
    "TV Movie": "Television",
    "Thriller": "Mystery & Suspense",
    "Western": "Western",
}
WIKIPEDIA = {
    **{name: name for name in _SAME},
    "Animation": "Animated",
    "Family": "Family",
    "History": "Historical",
    "Music": "Musical",
    "Science Fiction": "Science Fiction",
}

COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland",
    "CN": "China", "DE": "Germany", "DK": "Denmark", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "United Kingdom", "HK": "Hong Kong", "IE": "Ireland", "IN": "India", "IT": "Italy", "JP": "Japan",
    "KR": "South Korea", "MX": "Mexico", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand", "PL": "Poland",
    "RU": "Russia", "SE": "Sweden", "US": "United States of America",
}  # fmt: skip
LANGUAGES = {
    "cn": "广州话 / 廣州話", "da": "Dansk", "de": "Deutsch", "en": "English", "es": "Español", "fi": "suomi",
    "fr": "Français", "hi": "हिन्दी", "it": "Italiano", "ja": "日本語", "ko": "한국어/조선말", "nl": "Nederlands",
    "no": "Norsk", "pl": "Polski", "pt": "Português", "ru": "Pусский", "sv": "svenska", "zh": "普通话",
}  # fmt: skip


def relabelled(genres: Iterable[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Put TMDB's labels into a provider's, each once, in order; what it has no label for is left out."""
    return tuple(dict.fromkeys(labels[genre] for genre in genres if genre in labels))

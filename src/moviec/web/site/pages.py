"""Every page of the site."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from moviec.web.site import (
    browse,
    collections,
    companies,
    explore,
    home,
    methods,
    movie,
    operations,
    people,
    review,
    session,
    sources,
)

ROUTES: Sequence[ControllerRouterHandler] = [
    *home.ROUTES, *browse.ROUTES, *movie.ROUTES, *people.ROUTES, *companies.ROUTES, *collections.ROUTES, *sources.ROUTES,
    *explore.ROUTES, *operations.ROUTES, *review.ROUTES, *methods.ROUTES, *session.ROUTES,
]  # fmt: skip

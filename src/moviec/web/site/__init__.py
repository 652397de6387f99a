"""The site: pages for people, made here on the server; a module for each kind of page."""

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

ROUTES: list[ControllerRouterHandler] = [
    *home.ROUTES, *browse.ROUTES, *movie.ROUTES, *people.ROUTES, *companies.ROUTES, *collections.ROUTES, *sources.ROUTES,
    *explore.ROUTES, *operations.ROUTES, *review.ROUTES, *methods.ROUTES, *session.ROUTES,
]  # fmt: skip

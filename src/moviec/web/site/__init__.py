"""The site: pages for people, made here on the server; a module for each kind of page."""

from litestar.types import ControllerRouterHandler

from moviec.web.site import browse, companies, explore, home, movie, operations, people, review, sources

ROUTES: list[ControllerRouterHandler] = [
    *home.ROUTES, *browse.ROUTES, *movie.ROUTES, *people.ROUTES, *companies.ROUTES, *sources.ROUTES, *explore.ROUTES,
    *operations.ROUTES, *review.ROUTES,
]  # fmt: skip

"""How the API describes itself: what each route declares, the OpenAPI document, and the page that shows it offline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from importlib import resources
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, PathParameter
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec import __version__
from moviec.web import schemas as shapes
from moviec.web.errors import ErrorShape, not_found
from moviec.web.lookups import PATTERN
from moviec.web.responses import Answer, from_bytes, respond
from moviec.web.server_state import server_of

#: Every route may answer so, whatever else it does.
ALWAYS = (400, 401, 429, 500, 503)

MovieId = Annotated[
    str,
    PathParameter(
        description="`mc…`, or an id elsewhere: `imdb:tt0114709`, `tmdb:862`, `wikidata:Q171048`.",
        schema_extra={"pattern": PATTERN, "examples": ["mc1", "imdb:tt0114709"]},
    ),
]


def gives(
    kind: Any, *errors: int, status: int = 200, media: str = "application/json"
) -> Mapping[int, ResponseSpec]:
    """Return what a route gives and which errors it has besides those all have."""
    found = {status: ResponseSpec(kind, generate_examples=False, description="As asked.", media_type=media)}
    if status == 200:
        found[304] = ResponseSpec(None, generate_examples=False, description="The caller has it already.")
    for error in sorted({*errors, *ALWAYS}):
        shape = shapes.Redirect if error == 308 else ErrorShape
        found[error] = ResponseSpec(shape, generate_examples=False, description=HTTPStatus(error).phrase)
    return found


_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}


@get("/openapi.json", include_in_schema=False)
async def description(request: Request[Any, Any, Any]) -> ASGIResponse:
    """OpenAPI 3.1."""
    server, routes = server_of(request), request.app.opt["routes"]
    made = await server.ready(0, "openapi", lambda: describe(routes, server.prefix), from_bytes)
    return respond(request, made)


@get("/docs", include_in_schema=False)
async def page(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The description for people, with a form to try each endpoint."""
    text = _file("docs.html").body.replace(b"{prefix}", server_of(request).prefix.encode())
    return respond(request, from_bytes(text, "text/html"))


@get("/static/{name:str}", include_in_schema=False)
async def static(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """The site's own files."""
    return respond(request, _file(name))


def _file(name: str) -> Answer:
    folder = resources.files("moviec.web").joinpath("static")
    if name not in {file.name for file in folder.iterdir()}:
        raise not_found(f"there is no file {name[:50]}")
    media = _KINDS["." + name.rpartition(".")[2]]
    return from_bytes(folder.joinpath(name).read_bytes(), media)


#: Paths that are open to everyone; the rest takes a key, or anonymous access where the server allows it.
OPEN_TAGS = {"probes"}

_ABOUT = """Film data from many providers, resolved, fused and rated.

Errors have one shape: `{"error": {"code", "message", "details"}}`. Every GET has a strong ETag and answers 304 to
`If-None-Match`. No answer is older than the change log was when it was asked for (`MovieC-Change`), but for searches and
lists, which come of an index that follows. Within `/v1` things are only ever added."""

_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "X-Request-ID": ("Names the request in the server's log; taken over from the caller where given.", {"type": "string"}),
    "RateLimit-Limit": ("Requests allowed a minute.", {"type": "integer"}),
    "RateLimit-Remaining": ("Requests left in this minute.", {"type": "integer"}),
    "RateLimit-Reset": ("Seconds until the minute starts again.", {"type": "integer"}),
    "MovieC-Change": ("The answer is at least as new as the change of this number: the end of the log when it was asked for, or what the search index stands at.", {"type": "integer"}),
    "ETag": ("Changes when the answer does.", {"type": "string"}),
    "Cache-Control": ("How long the answer may be kept.", {"type": "string"}),
    "Retry-After": ("Seconds to wait.", {"type": "integer"}),
    "Location": ("Where the movie is now.", {"type": "string"}),
    "WWW-Authenticate": ("How a key is shown.", {"type": "string"}),
    "Link": ("The next page, `rel=\"next\"`.", {"type": "string"}),
}  # fmt: skip


def describe(routes: Sequence[ControllerRouterHandler], prefix: str) -> bytes:
    """Write the description of routes. Litestar's own part is made by an application that is thrown away again."""
    about = OpenAPIConfig("MovieC", __version__, description=_ABOUT, use_handler_docstrings=True)
    app = Litestar(routes, openapi_config=about, logging_config=None)
    schema = app.openapi_schema.to_schema()
    schema["servers"] = [{"url": prefix or "/"}]
    components = schema.setdefault("components", {})
    components["schemas"].update(_schemas({*components["schemas"], "WebhookBody"}))
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    }
    components["headers"] = {
        name: {"description": about, "schema": kind} for name, (about, kind) in _HEADERS.items()
    }
    handlers = _handlers(app)
    examples = msgspec.json.decode(resources.files("moviec.web").joinpath("examples.json").read_bytes())
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            handler = handlers[path, method]
            operation["operationId"] = _operation_id(handler.fn.__name__, path)
            _complete(operation, handler.opt.get("query"))
            _add_conditions(operation, method, path)
            _add_examples(operation, examples)
    schema["webhooks"] = {"changes": _webhook(examples)}
    return msgspec.json.encode(schema)


def _schemas(named: Collection[str]) -> dict[str, Any]:
    """Give these shapes' schemas as msgspec has them: Litestar leaves out what holds for the items of lists."""
    kinds = [getattr(shapes, name) for name in shapes.__all__]
    _, parts = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return {name: part for name, part in parts.items() if name in named}


#: What the handlers' names are called as operations; the others are called as they are.
_OPERATIONS = {
    "search": "search_movies", "listing": "list_movies", "suggest": "suggest_movies", "top": "top_movies",
    "movie": "get_movie", "claims": "get_movie_claims", "ratings": "get_movie_ratings", "history": "get_movie_history",
    "similar": "similar_movies", "lookup": "lookup_movies", "match": "match_movies",
    "person_list": "list_people", "one_person": "get_person",
    "collection_list": "list_collections", "one_collection": "get_collection",
    "genre_list": "list_genres", "one_genre": "get_genre", "company_list": "list_companies", "one_company": "get_company",
    "genres_year": "genres_of_year", "genres_month": "genres_of_month", "genres_years": "genres_of_years",
    "companies_year": "companies_of_year", "companies_month": "companies_of_month", "companies_years": "companies_of_years",
    "change_list": "list_changes", "change_stream": "stream_changes",
    "new_webhook": "create_webhook", "webhook_list": "list_webhooks", "end_webhook": "delete_webhook",
    "webhook_sent": "list_webhook_deliveries",
    "source_list": "list_sources", "one_source": "get_source", "scorecard": "get_scorecard", "usage": "get_usage",
    "account_list": "list_accounts", "new_account": "create_account", "key_list": "list_keys", "new_key": "create_key",
    "review_list": "list_review", "quarantine_list": "list_quarantine", "failure_list": "list_failures",
    "run_list": "list_runs", "held_list": "list_held",
}  # fmt: skip


def _operation_id(handler: str, path: str) -> str:
    """Name an operation as a program would; the search that stands under two paths has two."""
    name = _OPERATIONS.get(handler, handler)
    return name if path.startswith("/v1/") or handler != "search" else f"{name}_unversioned"


def _webhook(examples: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what webhooks are sent."""
    headers = {
        "MovieC-Webhook": "The webhook's id.",
        "MovieC-Changes": "Numbers of the first and the last change, `12-40`; `ping` where there are none.",
        "MovieC-Signature": "`t=SECONDS,v1=HEX`: HMAC-SHA256 by the webhook's secret over `SECONDS.BODY`.",
    }
    body = {"schema": {"$ref": "#/components/schemas/WebhookBody"}, "example": examples["WebhookBody"]}
    return {
        "post": {
            "operationId": "receive_changes",
            "summary": "Changes are sent to a webhook",
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": about,
                    "schema": {"type": "string"},
                }
                for name, about in headers.items()
            ],
            "requestBody": {"required": True, "content": {"application/json": body}},
            "responses": {
                "2XX": {"description": "Taken. Anything else is tried again, later and later, for a day."}
            },
        }
    }


def _add_conditions(operation: dict[str, Any], method: str, path: str) -> None:
    """Describe the headers that a GET heeds, lines in place of JSON, and bodies that are too large."""
    responses = operation["responses"]
    heeded = []
    if "304" in responses and method == "get":
        heeded.append(
            (
                "If-None-Match",
                "ETags of answers that the caller has: 304 where one still holds.",
                '"0123456789abcdef"',
            )
        )
    if path in _BY_LANGUAGE:
        heeded.append(
            (
                "Accept-Language",
                "Adds `display_title`, the title in the first of these languages that there is one in.",
                "de, fr;q=0.5",
            )
        )
    for name, about, example in heeded:
        kind = {"type": "string"}
        operation.setdefault("parameters", []).append(
            {
                "name": name,
                "in": "header",
                "required": False,
                "description": about,
                "schema": kind,
                "example": example,
            }
        )
    if path in _BY_LINE:
        lines = {
            "schema": {
                "type": "string",
                "description": "One `Summary` as JSON to a line; the next page is in `Link`.",
            }
        }
        responses["200"]["content"]["application/x-ndjson"] = lines
    if "requestBody" in operation:
        shape = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorShape"}}}
        names = _headers_of(413, limited=True, get=False)
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        responses["413"] = {"description": "Request Entity Too Large", "content": shape, "headers": headers}


_BY_LINE = {"/v1/movies", "/v1/movies/search", "/v1/movies/top", "/movies/search"}
_BY_LANGUAGE = {*_BY_LINE, "/v1/movies/{movie_id}", "/v1/movies/suggest", "/v1/movies/{movie_id}/similar"}


def _handlers(app: Litestar) -> dict[tuple[str, str], Any]:
    """Give each route's handler, by path and method."""
    found: dict[tuple[str, str], Any] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            path = "/" + "/".join(
                f"{{{part.name}}}" if hasattr(part, "name") else part for part in route.path_components
            )
            found.update({(path, method.lower()): handler for method in getattr(handler, "http_methods", ())})
    return found


def _add_examples(operation: dict[str, Any], examples: Mapping[str, Any]) -> None:
    """Put the example of its shape beside each body that is asked for or given."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media in part.get("content", {}).values():
            name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name in examples:
                media["example"] = examples[name]


def _complete(operation: dict[str, Any], query: type[msgspec.Struct] | None) -> None:
    """Add an operation's query parameters, its security and its headers."""
    if query is not None:
        operation["parameters"] = [*operation.get("parameters", []), *_parameters(query)]
    open_ = bool(OPEN_TAGS & set(operation.get("tags", [])))
    admin = "admin" in operation.get("tags", [])
    keys: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
    operation["security"] = [] if open_ else keys if admin else [*keys, {}]
    for status, response in operation["responses"].items():
        names = _headers_of(int(status), limited=not open_, get="requestBody" not in operation)
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        if status in ("204", "304"):
            response.pop("content", None)


def _headers_of(status: int, limited: bool, get: bool) -> list[str]:
    names = ["X-Request-ID"]
    if limited and status not in (401, 403):
        names += ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    if limited and status not in (401, 403, 429, 503):
        names.append("MovieC-Change")
    if status in (200, 304) and get:
        names += ["ETag", "Cache-Control"]
    if status == 401:
        names.append("WWW-Authenticate")
    if status in (429, 503):
        names.append("Retry-After")
    if status == 308:
        names.append("Location")
    return names


def _parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    (reference,), parts = msgspec.json.schema_components([query])
    del reference
    found = []
    for name, schema in parts[query.__name__]["properties"].items():
        default = schema.pop("default", None)
        plain = _without_null(schema)
        about = plain.pop("description", "")
        if default not in (None, ""):
            plain["default"] = default
        found.append({"name": name, "in": "query", "required": False, "description": about, "schema": plain})
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Take null out of a schema: a parameter that is not given is left out."""
    some = [shape for shape in schema.get("anyOf", []) if shape.get("type") != "null"]
    if len(some) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**some[0], **rest}
    return {**schema, "anyOf": some} if some else dict(schema)


ROUTES: list[ControllerRouterHandler] = [description, page, static]

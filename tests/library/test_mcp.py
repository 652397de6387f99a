"""`moviec mcp`, as a process, asked by the SDK's own client: the answers are the API's, and nothing is changed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from moviec import Catalogue
from moviec.config import Home
from tests.homes import copied_home


async def _asked(home: Path) -> dict[str, Any]:
    command = StdioServerParameters(command=sys.executable, args=["-m", "moviec", "mcp", "--home", str(home)])
    told: dict[str, Any] = {}
    async with Client(command, read_timeout_seconds=120) as client:
        tools = (await client.list_tools()).tools
        told["tools"] = {tool.name: tool for tool in tools}
        for name, arguments in (
            ("search_movies", {"query": "alien", "limit": 3}),
            ("get_movie", {"movie": "imdb:tt0078748", "claims": True}),
            ("similar_movies", {"movie": "imdb:tt0078748", "limit": 2}),
            ("find_person", {"name": "ridley scott"}),
            ("figures", {"kind": "genres", "first_year": 1950, "last_year": 2020, "top": 3}),
            ("match_movies", {"movies": [{"title": "Alien", "year": 1979}]}),
        ):
            result = await client.call_tool(name, arguments)
            assert not result.is_error, (name, result.content)
            told[name] = result.structured_content
        told["wrong"] = await client.call_tool("get_movie", {"movie": "imdb:tt0000000"})
    return told


@pytest.mark.slow
def test_a_client_gets_the_apis_answers(demo_home: Home, tmp_path: Path) -> None:
    home = copied_home(demo_home, tmp_path / "home", "").folder
    told = asyncio.run(_asked(home))
    assert all(tool.annotations.read_only_hint and tool.description for tool in told["tools"].values())
    with Catalogue.open(home) as films:
        assert told["search_movies"]["items"] == list(films.movies("alien", limit=3))
        assert told["get_movie"] == films.movie("imdb:tt0078748", include="claims,ratings")
        assert told["similar_movies"]["items"] == list(films.similar("imdb:tt0078748", 2))
        assert told["match_movies"]["items"][0]["match"] == told["get_movie"]["id"]
    assert told["find_person"]["name"] == "Ridley Scott"
    assert [item["name"] for item in told["figures"]["items"]]
    assert told["wrong"].is_error
    assert "no movie has the id" in told["wrong"].content[0].text

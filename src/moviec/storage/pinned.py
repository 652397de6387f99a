"""The way to the web: connections are made only to addresses that were looked at, through the system's proxy where it names one."""

from __future__ import annotations

import re
import ssl
import threading
import time
from functools import cache
from urllib.request import getproxies, proxy_bypass

import httpx

from moviec.storage.addresses import resolve

#: Connections to one host at most, and seconds for which what its name was resolved to is used.
KEPT, RESOLVED_FOR = 100, 60.0


class Pinned(httpx.BaseTransport):
    """Connects to addresses that were looked at: a host is resolved, and the connection made to what came, for some seconds.

    A proxy that the system names resolves names itself; of what goes through it only addresses that are written out are
    looked at. Connections are kept where `keep` is not 0.
    """

    def __init__(self, private: bool) -> None:
        """Know nothing yet; `private` lets inside addresses through."""
        self.keep = 0
        self._private = private
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._pools: dict[tuple[str, str], httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises SourceError for a host that leads inside."""
        url = request.url
        if url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"'{url.scheme}' is not of the web")
        proxy = _proxy(url)
        if proxy:
            if not self._private and re.fullmatch(r"[\d.]+|.*:.*|localhost\.?", url.host):
                resolve(url.host, url.port or 0, False, "fetch_private")
            return self._pool(url, proxy).handle_request(request)
        addresses = self._addresses(url.host, url.port or _PORTS[url.scheme])
        for place, address in enumerate(addresses, 1):
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": url.host},
            )
            try:
                return self._pool(url, "").handle_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if place == len(addresses):
                    raise
        raise httpx.ConnectError("no address")

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()

    def _addresses(self, host: str, port: int) -> list[str]:
        at, found = self._known.get((host, port), (0.0, []))
        if not found or time.monotonic() - at > RESOLVED_FOR:
            found = resolve(host, port, self._private, "fetch_private")
            self._known[host, port] = time.monotonic(), found
        return found

    def _pool(self, url: httpx.URL, proxy: str) -> httpx.HTTPTransport:
        """Return the connections of one host name: two that share an address share no certificate."""
        with self._lock:
            key = (url.host, proxy)
            if key not in self._pools:
                limits = httpx.Limits(max_connections=KEPT, max_keepalive_connections=self.keep)
                self._pools[key] = httpx.HTTPTransport(
                    verify=_certificates(), trust_env=False, proxy=proxy or None, limits=limits
                )
            return self._pools[key]


_PORTS = {"http": 80, "https": 443}


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _proxy(url: httpx.URL) -> str:
    """Return the proxy that the system names for an address; none for one that it excepts."""
    found = getproxies()
    proxy = found.get(url.scheme) or found.get("all") or ""
    if not proxy or proxy_bypass(url.host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"

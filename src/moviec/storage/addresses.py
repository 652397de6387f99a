"""Connections to public addresses only: a name's addresses are checked before connecting.

A name is resolved once and the connection goes to the address that was checked, through the system's proxy if it names
one, so a name that changes in between has no effect.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
from functools import cache
from urllib.request import getproxies, proxy_bypass

import httpx

from moviec.errors import SourceError, TransportError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 prefixes that carry an IPv4 address in their last 32 bits: NAT64 (RFC 6052), IPv4-compatible (RFC 4291); and after
#: their first 16: 6to4 (RFC 3056).
_LAST_BITS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96")))
_6TO4 = ipaddress.ip_network("2002::/16")

#: Of IPv6 only this is allocated for the public internet (IANA, "IPv6 Global Unicast Address Assignments").
_GIVEN_OUT = ipaddress.ip_network("2000::/3")

#: What IANA's registries of special-purpose addresses list as not global, and not every supported Python version knows:
#: protocol assignments (192.0.0.192 is the metadata service of one cloud), relays of 6to4, documentation.
_INSIDE = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))


def resolve(host: str, port: int, private: bool, setting: str) -> list[str]:
    """Return the addresses of a host. Raises SourceError for a private address (unless `private`), TransportError for
    none.

    `setting`: the setting named in the message that allows it.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise TransportError(f"the name cannot be resolved ({said})", host) from error
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in found))
    inside = [
        address for address in addresses if not is_public(ipaddress.ip_address(address.partition("%")[0]))
    ]
    if inside and not private:
        raise SourceError(
            f"leads to {inside[0]}, which is not a public address", host, f"see {setting} in docs/settings.md"
        )
    return addresses


def is_public(address: Address) -> bool:
    """Return whether an address is public, also if it embeds another one."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped
        if any(address in network for network in _LAST_BITS):
            carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        elif address in _6TO4:
            carried = ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
        if carried is not None:
            return is_public(carried)
        if address not in _GIVEN_OUT:
            return False
    return address.is_global and not address.is_multicast and not any(address in each for each in _INSIDE)


#: Connections to one host at most, and seconds for which a resolved name is cached.
KEPT, RESOLVED_FOR = 100, 60.0


class Pinned(httpx.BaseTransport):
    """Connects to checked addresses: a host is resolved, and the connection made to the result, for some seconds.

    A proxy that the system names resolves names itself; of requests through it only literal addresses are
    checked. Connections are kept open unless `keep` is 0.
    """

    def __init__(self, private: bool) -> None:
        """Start with an empty cache; `private` allows private addresses."""
        self.keep = 0
        self._private = private
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._pools: dict[tuple[str, str], httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises SourceError for a host with a private address."""
        url = request.url
        if url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"'{url.scheme}' is not a web protocol")
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
        """Return the connections of one host name: two names with one address have different certificates."""
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
    """Return the proxy that the system names for an address; none for an excepted one."""
    found = getproxies()
    proxy = found.get(url.scheme) or found.get("all") or ""
    if not proxy or proxy_bypass(url.host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"

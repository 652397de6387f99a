"""Requests to addresses that strangers gave: resolved once, refused where they lead inside, sent to just that address."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from moviec.errors import SourceError, TransportError

#: Seconds that connecting, sending and each answer from the other side may take.
TIMEOUT = 10.0

#: IPv6 prefixes that carry an IPv4 address: NAT64 (RFC 6052) in its last 32 bits, 6to4 (RFC 3056) after its first 16.
_NAT64, _6TO4 = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Target(msgspec.Struct, frozen=True):
    """Where a request goes: the address that its host's name was resolved to, once."""

    host: str
    port: int
    path: str
    address: str
    tls: bool


def resolve(url: str, private: bool) -> Target:
    """Resolve a URL's host. Raises SourceError for one that leads inside (unless `private`), TransportError for no answer."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError) as error:
        raise TransportError(f"the name cannot be resolved ({error})", parts.hostname or url) from error
    addresses = [str(one[4][0]) for one in found]
    inside = [one for one in addresses if not is_public(ipaddress.ip_address(one.partition("%")[0]))]
    if inside and not private:
        raise SourceError(
            f"leads to {inside[0]}, which is no public address",
            parts.hostname or url,
            "see webhooks_private in docs/settings.md",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname or "", port, path, addresses[0], parts.scheme == "https")


def is_public(address: Address) -> bool:
    """Say whether an address is one of the open internet, also where it only carries another one."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        elif address in _6TO4:
            carried = ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
        if carried is not None:
            return is_public(carried)
    return address.is_global and not address.is_multicast


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> None:
    """Post a body; redirects are not followed. Raises TransportError unless the answer is 2xx."""
    connection = _Pinned(target)
    try:
        connection.request("POST", target.path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransportError(f"cannot be reached ({error or type(error).__name__})", target.host) from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise TransportError(f"answered {status}", target.host)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was resolved before; the name is for the certificate and the Host header."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT)
        self._target = target

    def connect(self) -> None:
        self.sock = socket.create_connection((self._target.address, self._target.port), TIMEOUT)
        if self._target.tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._target.host)

"""Which addresses a name leads to, and whether these are ones of the open internet.

A name is resolved once: what is connected to is what was looked at, so that a name which changes in between leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket

from moviec.errors import SourceError, TransportError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 prefixes that carry an IPv4 address in their last 32 bits: NAT64 (RFC 6052), IPv4-compatible (RFC 4291); and after
#: their first 16: 6to4 (RFC 3056).
_LAST_BITS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96")))
_6TO4 = ipaddress.ip_network("2002::/16")

#: Of IPv6 only this is given out for the open internet (IANA, "IPv6 Global Unicast Address Assignments").
_GIVEN_OUT = ipaddress.ip_network("2000::/3")

#: What IANA's registries of special-purpose addresses list as not global, and not every Python that is supported knows:
#: protocol assignments (192.0.0.192 is the metadata service of one cloud), relays of 6to4, documentation.
_INSIDE = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))


def resolve(host: str, port: int, private: bool, setting: str) -> list[str]:
    """Return the addresses of a host. Raises SourceError for one that leads inside (unless `private`), TransportError for none.

    `setting` is named to the person who wants to allow it.
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
            f"leads to {inside[0]}, which is no public address", host, f"see {setting} in docs/settings.md"
        )
    return addresses


def is_public(address: Address) -> bool:
    """Return whether an address is one of the open internet, also where it only carries another one."""
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

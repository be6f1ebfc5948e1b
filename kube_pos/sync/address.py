"""Which addresses a till may speak to: TLS to everyone but this very machine. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from kube_pos.sync.failures import AddressUnusable, InsecureAddress


def usable_address(address: str) -> str:
    """Return upstream's address without a slash at its end.

    Raises InsecureAddress for plain http to another machine, AddressUnusable for anything that is no http address.
    """
    try:
        parts = urlsplit(address)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise AddressUnusable(address=_shown(address)) from None
    if not port_is_right or not _is_plain(parts) or address != address.strip():
        raise AddressUnusable(address=_shown(address))
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise InsecureAddress(address=address)
    return address.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or number means this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(address: str) -> str:
    """Return an address without the name and password that may stand before its host."""
    return address.rpartition("@")[2]


def _is_plain(parts: SplitResult) -> bool:
    """Tell whether an address is a scheme, a host, and perhaps a port and a path: no password, no query."""
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.username is None
        and parts.password is None
        and not parts.query
        and not parts.fragment
    )

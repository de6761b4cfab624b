"""The way people come: the public address, what a proxy makes of it, and WebSockets through it."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from leadcapture import clock, health, signing
from leadcapture.doctor.findings import Finding
from leadcapture.settings import Settings

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
PATIENCE = 6.0  # seconds for one answer
# What a stranger could pretend to be; TEST-NET-2 (RFC 5737) is nobody's.
PRETENDED_ADDRESS, PRETENDED_HOST = "198.51.100.77", "pretended.example"


def public_url(settings: Settings) -> Iterator[Finding]:
    """The address itself, and, where the service runs on this machine, what arrives through it."""
    parts = urlsplit(settings.public_url)
    well, text = True, "is where people reach us."
    if parts.path or parts.query or parts.fragment:
        well, text = False, "LEADCAPTURE_PUBLIC_URL must be a scheme and a host, nothing after them."
    elif parts.hostname in LOCAL_HOSTS:
        text = "works on this machine alone; set LEADCAPTURE_PUBLIC_URL to go live."
    elif parts.scheme != "https":
        well, text = False, "people's data must travel by https: put a proxy with TLS in front."
    yield Finding("Public address", well, f"{settings.public_url} {text}")
    if parts.path:
        return
    if not _runs(settings):
        yield Finding(
            "Reachable", True, "not looked at, for nothing runs here: start LeadCapture and ask the doctor again."
        )
        return
    yield from _through(settings)


def _runs(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104 not bound
    try:
        with socket.create_connection((host, settings.port), timeout=2):
            return True
    except OSError:
        return False


def _through(settings: Settings) -> Iterator[Finding]:
    try:
        seen = _seen(settings)
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        why = f"{error.code} {error.reason}" if isinstance(error, urllib.error.HTTPError) else str(reason)
        yield Finding(
            "Reachable",
            False,
            f"{settings.public_url} does not lead here ({why}): look at the DNS, the proxy and its certificate. Where "
            "this machine cannot reach its own public address, ask the doctor from another one.",
        )
        return
    yield Finding("Reachable", True, "the public address leads here.")
    yield _headers(settings, seen)
    yield _websocket(settings)


def _seen(settings: Settings) -> dict[str, Any]:
    """What the service sees of a request that comes by the public address and pretends to come from elsewhere."""
    token = signing.sign("doctor", clock.wire(clock.now()))
    pretended = {"X-Forwarded-For": PRETENDED_ADDRESS, "X-Forwarded-Host": PRETENDED_HOST}
    asked = urllib.request.Request(f"{settings.public_url}{health.SEEN}{token}", headers=pretended)  # noqa: S310 http(s) alone
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310 as above
        said = json.loads(answer.read(10_000))
    if not isinstance(said, dict):
        raise ValueError("something else answers there")
    return said


def _headers(settings: Settings, seen: dict[str, Any]) -> Finding:
    parts, trusted = urlsplit(settings.public_url), settings.trusted_proxies
    public = parts.hostname not in LOCAL_HOSTS
    if seen.get("address") == PRETENDED_ADDRESS or seen.get("host") == PRETENDED_HOST:
        why = (
            "anybody can pretend to be anybody: LEADCAPTURE_TRUSTED_PROXIES is more than there are proxies in front, "
            "or the proxy passes on X-Forwarded-For and X-Forwarded-Host as it gets them; it must set them itself."
        )
    elif public and not trusted and seen.get("address") in LOCAL_HOSTS:
        why = "everybody seems to come from the proxy: set LEADCAPTURE_TRUSTED_PROXIES=1."
    elif seen.get("scheme") != parts.scheme:
        why = (
            f"people come by {parts.scheme}, and here it looks like {seen.get('scheme')}: have the proxy set "
            "X-Forwarded-Proto, and set LEADCAPTURE_TRUSTED_PROXIES to how many proxies there are."
        )
    elif seen.get("host") != parts.netloc.rpartition("@")[2]:
        why = f"people ask for {parts.netloc}, and here it looks like {seen.get('host')}: have the proxy pass on Host."
    else:
        return Finding("Proxy headers", True, "who comes, how and where to is seen as it is.")
    return Finding("Proxy headers", False, why)


def _websocket(settings: Settings) -> Finding:
    from simple_websocket.errors import SimpleWebsocketError
    from simple_websocket.ws import Client

    opened: Any = Client  # it brings no types
    url = f"ws{settings.public_url.removeprefix('http')}/socket.io/?EIO=4&transport=websocket"
    context = ssl.create_default_context() if url.startswith("wss:") else None
    try:
        connection = opened(url, ssl_context=context)
        try:
            hello = connection.receive(timeout=PATIENCE)
        finally:
            connection.close()
    except (OSError, SimpleWebsocketError, ValueError) as error:
        hello, why = None, str(error) or type(error).__name__
    else:
        why = "it stays silent"
    # The first packet of Engine.IO is `0` and the session.
    if isinstance(hello, str) and hello.startswith("0{"):
        return Finding("WebSocket", True, "goes through.")
    return Finding(
        "WebSocket",
        False,
        f"does not come through ({why}): have the proxy pass on Upgrade and Connection (deploy/nginx.conf shows how). "
        "Until then chats go by plain requests.",
    )

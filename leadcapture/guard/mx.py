"""Whether a domain takes mail at all, as far as the DNS answers, and quickly.

Only what the DNS says clearly counts: there is no such domain (NXDOMAIN, RFC 8020), or it takes no mail (a null MX,
RFC 7505). Everything else (no answer, SERVFAIL, a server that is silent, or one that knows its own network alone) says
nothing, and nobody is refused for it.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from leadcapture.errors import BadSetting
from leadcapture.settings import Settings

if TYPE_CHECKING:
    import dns.resolver

log = logging.getLogger("leadcapture.guard")

LONGEST_WAIT = 1.5  # seconds for one domain, all servers together
PAUSE = 30.0  # seconds nobody is asked after a server was silent: it shall not slow each submission
KEPT = 3600.0  # seconds an answer is believed, and
NOT_KNOWN_FOR = 60.0  # seconds for which it is believed that there is none
MOST_KEPT = 10_000  # domains
MOST_AT_ONCE = 50  # questions under way; a flood of made-up domains shall not become one of questions

# Never asked: no server knows them, and they are what examples and tests are made of (RFC 2606, RFC 6761, RFC 6762,
# RFC 7686, RFC 8375, RFC 9476).
RESERVED = frozenset({"test", "example", "invalid", "localhost", "local", "onion", "alt", "internal", "home.arpa"})
RESERVED_BELOW = frozenset({"example.com", "example.net", "example.org"})
# Where even this does not exist, the servers are a closed network's: what they deny may well be.
WORLD = "com"

TAKES_MAIL, MISSING, NULL, UNKNOWN = "takes mail", "missing", "null", "unknown"


@dataclass
class _State:
    wanted: bool = False
    nameservers: tuple[tuple[str, int], ...] = ()
    silent_until: float = 0.0  # 0 where the servers answered when they were last asked
    world_until: float = 0.0  # until then they are believed to know the world
    under_way: int = 0


_state = _State()
_known: dict[str, tuple[float, str]] = {}
_lock = threading.Lock()


def configure(settings: Settings) -> None:
    """Take the settings CHECK_MX and NAMESERVERS, and forget what was known.

    Raises BadSetting for a server that is no IP address with or without a port.
    """
    global _state
    _state = _State(wanted=settings.check_mx, nameservers=tuple(_servers(settings.nameservers)))
    _known.clear()
    _resolver.cache_clear()


def look(domain: str) -> str:
    """TAKES_MAIL, MISSING (no such domain), NULL (it says that it takes none) or UNKNOWN, after LONGEST_WAIT seconds at
    most. `domain` is in IDNA's ASCII form. Call it outside a transaction: it may wait for the network."""
    if not _state.wanted or reserved(domain):
        return UNKNOWN
    now = time.monotonic()
    until, answer = _known.get(domain, (0.0, UNKNOWN))
    if until > now:
        return answer
    if now < _state.silent_until or not _begin():
        return UNKNOWN
    try:
        answer = _ask(domain)
    finally:
        _end()
    _keep(domain, answer)
    return answer


def resolver() -> dns.resolver.Resolver:
    """What asks the configured servers, else the system's."""
    return _resolver(_state.nameservers)


def _ask(domain: str) -> str:
    import dns.resolver  # here, because it takes long and starting must not

    try:
        found = _resolver(_state.nameservers).resolve(
            f"{domain}.", "MX", lifetime=LONGEST_WAIT, raise_on_no_answer=False, search=False
        )
    except dns.resolver.NXDOMAIN:
        _state.silent_until = 0.0
        return MISSING if _know_the_world() else UNKNOWN
    except dns.resolver.LifetimeTimeout:
        _state.silent_until = time.monotonic() + PAUSE
        log.warning("No DNS server answered within %s s: domains are not looked up for %d s.", LONGEST_WAIT, PAUSE)
        return UNKNOWN
    except (dns.exception.DNSException, OSError, ValueError):
        return UNKNOWN
    _state.silent_until = 0.0
    targets = [entry.exchange.to_text() for entry in found.rrset or ()]
    if not targets:
        return UNKNOWN
    return NULL if targets == ["."] else TAKES_MAIL


def _know_the_world() -> bool:
    import dns.exception

    if _state.world_until > time.monotonic():
        return True
    try:
        _resolver(_state.nameservers).resolve(
            f"{WORLD}.", "SOA", lifetime=LONGEST_WAIT, raise_on_no_answer=False, search=False
        )
    except (dns.exception.DNSException, OSError, ValueError):
        return False
    _state.world_until = time.monotonic() + KEPT
    return True


def _keep(domain: str, answer: str) -> None:
    with _lock:
        if len(_known) >= MOST_KEPT:
            for oldest in list(_known)[: MOST_KEPT // 10]:
                del _known[oldest]
        _known.pop(domain, None)
        _known[domain] = (time.monotonic() + (NOT_KNOWN_FOR if answer == UNKNOWN else KEPT), answer)


def _begin() -> bool:
    # One alone tries whether servers that were silent answer again.
    with _lock:
        free = _state.under_way < (1 if _state.silent_until else MOST_AT_ONCE)
        _state.under_way += free
        return free


def _end() -> None:
    with _lock:
        _state.under_way -= 1


def reserved(domain: str) -> bool:
    """Whether the domain is made for examples and networks at home, so that no server knows it."""
    return any(domain == one or domain.endswith(f".{one}") for one in RESERVED | RESERVED_BELOW)


@cache
def _resolver(nameservers: tuple[tuple[str, int], ...]) -> dns.resolver.Resolver:
    import dns.resolver

    # Its waiting goes through `selectors`, which gevent has made its own: other greenlets run meanwhile.
    resolver = dns.resolver.Resolver(configure=not nameservers)
    if nameservers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in nameservers]
    resolver.timeout = LONGEST_WAIT / 2
    return resolver


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _servers(text: str) -> list[tuple[str, int]]:
    found = []
    for entry in filter(None, (one.strip() for one in text.split(","))):
        host, _colon, port = entry.rpartition(":") if _has_port(entry) else (entry, "", "53")
        host = host.removeprefix("[").removesuffix("]")
        if not _is_address(host) or not port.isdecimal() or not 0 < int(port) <= 65535:
            raise BadSetting(f"LEADCAPTURE_NAMESERVERS: {entry!r} is not like 127.0.0.1:53 or [::1]:53.")
        found.append((host, int(port)))
    return found


def _has_port(entry: str) -> bool:
    return entry.count(":") == 1 or "]:" in entry

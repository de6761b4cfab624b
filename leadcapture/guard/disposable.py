"""Domains that live for minutes, and those that a site's owner blocks or lets in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import idna
from disposable_email_domains import blocklist


def names(entries: Iterable[str], key: str) -> bool:
    """Whether the owner's entries name the address with that key: it itself, its domain (`example.org`), or one that
    its domain is below of (`*.example.org`)."""
    local, _at, domain = key.rpartition("@")
    return any(_names(entry, local, domain) for entry in entries)


def is_disposable(key: str) -> bool:
    """Whether the domain of the address with that key, or one above it, is a known disposable one."""
    return any(domain in blocklist for domain in _with_parents(key.rpartition("@")[2]))


def _names(entry: str, local: str, domain: str) -> bool:
    of, _at, named = entry.strip().casefold().rpartition("@")
    if named.startswith("*."):
        return not of and domain.endswith("." + _ascii(named.removeprefix("*.")))
    return _ascii(named) == domain and of in ("", local)


def _ascii(domain: str) -> str:
    """The domain as keys of addresses have it: IDNA's ASCII form (UTS 46, RFC 5891)."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def _with_parents(domain: str) -> Iterator[str]:
    while "." in domain:
        yield domain
        domain = domain.partition(".")[2]

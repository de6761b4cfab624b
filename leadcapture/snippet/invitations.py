"""Invitations to the chat: a few words that show themselves beside the launcher, by the rules of forms that show
themselves (forms/placement.py). What is kept of one is `{id, text: {language: …}, name, enabled}` and those rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from leadcapture.chat.pre_chat import spoken
from leadcapture.forms import placement

RULES = ("delay", "scroll", "exit", "visits", "urls", "not_urls", "every_days", "most")


def placed(invitations: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """What the loader is told of those that are switched on, as of forms that show themselves: no words, they come
    with the site's configuration when they are needed."""
    found = []
    for one in invitations:
        kept = {name: one[name] for name in RULES if name in one}
        told = placement.public({**kept, "where": "invitation"}, now, "UTC") if one.get("enabled") else None
        if told:
            found.append({"slug": slug(one), **told})
    return found


def worded(
    invitations: Iterable[Mapping[str, Any]], now: datetime, language: str, sites_own: str
) -> list[dict[str, Any]]:
    """As `placed`, with the words in that language, else in the site's, and whose they are."""
    words = {slug(one): one for one in invitations}
    return [
        {
            **told,
            "text": spoken(words[told["slug"]].get("text"), language, sites_own) or "",
            "name": words[told["slug"]].get("name") or "",
        }
        for told in placed(words.values(), now)
    ]


def slug(invitation: Mapping[str, Any]) -> str:
    """By what a browser remembers it; no form has such a one."""
    return f"invitation:{invitation['id']}"

"""The invitations to the chat that a site keeps among its settings: added, changed, paused, taken away.

Each change locks the site's row, so two admins at once lose nothing of each other's. What is kept of one is
`{id, text: {language: …}, name, enabled}` with its rules (see forms/placement.py, which alone knows them).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture.errors import Conflict, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings, operations
from leadcapture.sites.models import Site

MOST = 20


def of(site: Site) -> list[dict[str, Any]]:
    """All of the site, the oldest first."""
    return chat_settings.of(site.chat).invitations


def one(site: Site, invitation: str) -> dict[str, Any]:
    """The site's invitation with that id. Raises NotFound."""
    found = next((kept for kept in of(site) if kept["id"] == invitation), None)
    if found is None:
        raise NotFound("No such invitation.")
    return found


def add(session: Session, now: datetime, *, site_id: int, values: Mapping[str, Any]) -> str:
    """Keep a new one, switched on; its id. Raises Conflict when the site has MOST already."""
    invitation = secrets.token_hex(4)

    def change(kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(kept) >= MOST:
            raise Conflict(_("A site has at most %(most)d invitations: delete one first.", most=MOST))
        return [*kept, {**values, "id": invitation, "enabled": True}]

    _change(session, now, site_id, change)
    return invitation


def change(session: Session, now: datetime, *, site_id: int, invitation: str, values: Mapping[str, Any]) -> None:
    """Take over its words and rules, or with `{"enabled": …}` alone switch it off and on. Raises NotFound."""
    _change(
        session, now, site_id, lambda kept: [{**each, **values} if each["id"] == invitation else each for each in kept],
        invitation,
    )  # fmt: skip


def remove(session: Session, now: datetime, *, site_id: int, invitation: str) -> None:
    """Take it away. Raises NotFound."""
    _change(session, now, site_id, lambda kept: [each for each in kept if each["id"] != invitation], invitation)


def _change(
    session: Session,
    now: datetime,
    site_id: int,
    to: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    invitation: str | None = None,
) -> None:
    site = session.get_one(Site, site_id, with_for_update=True)
    if invitation is not None:
        one(site, invitation)
    operations.change_chat(session, now, site_id=site_id, invitations=to(of(site)))

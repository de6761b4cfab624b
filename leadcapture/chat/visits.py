"""What a visitor's browser says beside messages, by whichever way it came: who the visitor is, answers, pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gevent

from leadcapture import clock, db
from leadcapture.chat import broadcast, identity, pre_chat, protocol, sightings, watching
from leadcapture.chat.live import VisitorSocket
from leadcapture.chat.sightings import Origin, Page
from leadcapture.chat.tokens import Token
from leadcapture.chat.watching import Tab
from leadcapture.errors import LeadCaptureError
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site


def identify(site: Site, token: Token, proof: object, language: str) -> Token:
    """The token of the visitor whom the proof names; what the bearer of `token` said is theirs now, and is told so.

    `proof` is `{user_id, hash}` or `{jwt}`. Raises Invalid, Unauthorized with a sentence for the site's developer.
    """
    found = db.write(
        identity.visitor_of, clock.now(), site=site, identity=protocol.fields(proof), token=token, language=language
    )
    for conversation in found.moved:
        broadcast.conversation_changed(conversation)
    for conversation in found.closed:
        broadcast.summary_soon(conversation)
    return found.token


def who(site: Site, token: Token, given: Mapping[str, Any], language: str) -> tuple[Token, dict[str, Any] | None]:
    """The visitor's token once the proof (`identity`) and the `answers` that come along are read; and what is wrong
    with the proof, if it does not hold: then visitors stay who they are. Raises Invalid for answers to mend."""
    doubt: dict[str, Any] | None = None
    if given.get("identity") is not None:
        try:
            token = identify(site, token, given["identity"], language)
        except LeadCaptureError as error:
            doubt = protocol.refusal(error)["error"]
    if given.get("answers"):
        answer(site, token.visitor, given["answers"], language)
    return token, doubt


def answer(site: Site, visitor: str, answers: object, language: str) -> None:
    """Keep the visitor's answers to the site's questions. Raises Invalid with the fields to mend."""
    checked = pre_chat.checked(site, answers)
    conversation = db.write(
        pre_chat.keep, clock.now(), site_id=site.id, visitor=visitor, answers=checked, language=language
    )
    if conversation is not None:
        broadcast.summary_soon(conversation)


def arrived(socket: VisitorSocket, site: Site, given: Mapping[str, Any], user_agent: str, *, talks: bool) -> None:
    """A tab is open: note what it shows. Whoever has written is kept up to date; the others are only seen, and only
    where the site asks who is there and the visitor agreed (`watch`)."""
    agreed = _agrees(site, given)
    page, origin = sightings.page(given, clock.now()), sightings.origin(given, "")
    wrote = talks and keep(socket.site_id, socket.visitor, origin, [page] if page else [])
    tab = Tab(site.id, socket.visitor, socket.language, agreed, origin, page, wrote)
    watching.arrived(socket.sid, tab)
    gevent.spawn(_name_device, socket, tab, user_agent)


def _name_device(socket: VisitorSocket, tab: Tab, user_agent: str) -> None:
    # To read what a browser says of itself takes a while, the first time half a second: nobody waits for it.
    device = gevent.get_hub().threadpool.apply(sightings.device, (user_agent,))
    origin = replace(tab.origin, device=device)
    watching.known(socket.sid, origin=origin)
    if tab.talks:
        keep(socket.site_id, socket.visitor, origin, [])


def _agrees(site: Site, given: Mapping[str, Any]) -> bool:
    return given.get("watch") is True and chat_settings.of(site.chat).see_visitors


def moved(socket: VisitorSocket, site: Site, given: Mapping[str, Any]) -> None:
    """The tab shows another page, or its visitor has agreed to be seen since it came. Raises Invalid (bad_request)."""
    page = sightings.page(given, clock.now())
    tab = watching.tabs.get(socket.sid)
    if tab is not None and _agrees(site, given):
        watching.known(socket.sid, agreed=True)
    if page is None or (tab and tab.page and tab.page.url == page.url):
        return
    socket.page = page.url
    watching.moved(socket.sid, page)
    if tab is None or tab.talks:
        keep(socket.site_id, socket.visitor, None, [page])


def wrote(socket: VisitorSocket) -> None:
    """There is a conversation: if it is news that the visitor wrote, what led to it is kept from now on."""
    tab = watching.tabs.get(socket.sid)
    if tab is None or tab.talks:
        return
    if keep(socket.site_id, socket.visitor, tab.origin, watching.trail(socket.visitor, clock.now())):
        watching.talks(socket.sid)


def wrote_by_http(site_id: int, visitor: str, given: Mapping[str, Any], user_agent: str) -> None:
    """As `wrote`, of a message that came with what is to be known. Raises Invalid (bad_request)."""
    page = sightings.page(given, clock.now())
    keep(site_id, visitor, sightings.origin(given, user_agent), [page] if page else [])


def keep(site_id: int, visitor: str, origin: Origin | None, pages: Sequence[Page]) -> bool:
    """Keep what the visitor showed, if they have written; whether they have."""
    return db.write(sightings.keep, clock.now(), site_id=site_id, visitor=visitor, origin=origin, pages=pages)

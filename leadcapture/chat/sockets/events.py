"""What the handlers of both namespaces share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import gevent

from leadcapture import db, i18n, ratelimit, socketio
from leadcapture.chat import protocol
from leadcapture.errors import LeadCaptureError, RateLimited, Unauthorized
from leadcapture.i18n import gettext as _

log = logging.getLogger("leadcapture.chat")
# How many events of any kind one socket may send, in messages: to each belong some signs of typing, of what was seen …
EVENTS = 5
# Seconds that a refusal for being too many takes. Nothing more is read from that socket meanwhile, so whoever floods us
# is slowed down to what the line between us holds.
TOO_MANY_TAKES = 0.1

Socket = TypeVar("Socket")
Answer = dict[str, Any]
Handler = Callable[[Socket, object], Answer]


def answering(
    event: str, namespace: str, sockets: dict[str, Socket], language: Callable[[Socket], str]
) -> Callable[[Callable[[Socket, object], Answer]], Callable[..., Answer]]:
    """Register `handler(socket, payload)`: what it returns is acknowledged, what it raises too, as a refusal."""

    def register(handler: Callable[[Socket, object], Answer]) -> Callable[..., Answer]:
        @socketio.on(event, namespace)
        def handle(sid: str, *payload: object) -> Answer:
            socket = sockets.get(sid)
            try:
                if socket is None:
                    raise Unauthorized("Connect first.")
                i18n.use(language(socket))
                ratelimit.hit_here("RATE_MESSAGE", sid, times=EVENTS)
                return handler(socket, payload[0] if payload else None)
            except RateLimited as error:
                gevent.sleep(TOO_MANY_TAKES)
                return protocol.refusal(error)
            except LeadCaptureError as error:
                return protocol.refusal(error)
            except db.UNSTORABLE:
                log.warning("what came with the event %s does not fit into the database", event)
                return protocol.refusal(protocol.unreadable(event))
            except Exception:
                # Not acknowledged as done, so it will be sent again: nothing is lost by a database that is away.
                log.exception("event %s failed", event)
                return {"ok": False, "error": {"code": "error", "message": _("This did not work. Trying again.")}}

        return handle

    return register


def together(*modules: Mapping[str, Handler[Socket]]) -> dict[str, Handler[Socket]]:
    """The events of several modules in one table. Raises ValueError when two bring the same one."""
    found: dict[str, Handler[Socket]] = {}
    for module in modules:
        twice = found.keys() & module.keys()
        if twice:
            raise ValueError(f"events handled twice: {', '.join(sorted(twice))}")
        found |= module
    return found


def emit_when_connected(emit: Callable[[], None]) -> None:
    """Emit after the client was told that it is connected, which happens when the connect handler has returned."""
    gevent.spawn(emit)

"""What a visitor does when the talk is over: ending it, rating it, having it mailed."""

from __future__ import annotations

from leadcapture import clock, db, ratelimit
from leadcapture.chat import afterwards, broadcast, protocol
from leadcapture.chat.live import VisitorSocket
from leadcapture.chat.sockets.events import Answer, Handler
from leadcapture.i18n import gettext as _


def _end(socket: VisitorSocket, payload: object) -> Answer:  # noqa: ARG001 every handler takes the payload
    thread = db.write(afterwards.end, clock.now(), site_id=socket.site_id, visitor=socket.visitor)
    if thread is not None:
        broadcast.conversation_changed(thread.public_id)
    return {"ok": True}


def _rate(socket: VisitorSocket, payload: object) -> Answer:
    rating = protocol.rating(payload)
    thread = db.write(afterwards.rate, clock.now(), site_id=socket.site_id, visitor=socket.visitor, rating=rating)
    broadcast.summary_soon(thread.public_id)
    return {"ok": True}


def _transcript(socket: VisitorSocket, payload: object) -> Answer:  # noqa: ARG001 as above
    with db.read() as session:
        thread, to = afterwards.confirmed_recipient(
            session, clock.now(), site_id=socket.site_id, visitor=socket.visitor
        )
    wait = db.write(afterwards.mail_transcript, clock.now(), thread=thread, to=to.address)
    if wait:
        raise ratelimit.refusal(_("This address has had its mails of the day."), wait)
    return {"ok": True, "sent_to": to.masked()}


VISITOR_HANDLERS: dict[str, Handler[VisitorSocket]] = {"end": _end, "rate": _rate, "transcript": _transcript}

"""Who visitors are: what is known of one, and who is on the site."""

from __future__ import annotations

from leadcapture import clock, db, ratelimit
from leadcapture.chat import about, approaching, broadcast, protocol, queries, watching
from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Answer, Handler
from leadcapture.chat.sockets.operator import sites_of


def _about(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    with db.read() as session:
        thread = queries.operators_thread(session, socket.operator_id, socket.epoch, conversation)
        return {"ok": True, **about.about(session, clock.now(), thread, language=socket.language)}


def _people(socket: OperatorSocket, _payload: object) -> Answer:
    sites = sites_of(socket)
    with db.read() as session:
        return {"ok": True, "people": watching.people(session, clock.now(), sites)}


def _approach(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    ratelimit.hit("RATE_MESSAGE", socket.public_id)
    posted = db.write(
        approaching.approach,
        clock.now(),
        operator_id=socket.operator_id,
        epoch=socket.epoch,
        visitor=protocol.public_id(given, "visitor"),
        incoming=protocol.incoming(given),
    )
    broadcast.message_posted(posted, skip_sid=socket.sid)
    return posted.message.acknowledgement()


OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {
    "about": _about,
    "people": _people,
    "approach": _approach,
}

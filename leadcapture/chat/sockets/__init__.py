"""The Socket.IO edges: visitors on one namespace, operators on the other.

Each module brings the events of one matter, by name, for either side.
"""

from __future__ import annotations

from leadcapture.chat import live
from leadcapture.chat.protocol import OPERATOR, VISITOR
from leadcapture.chat.sockets import afterwards, held, lists, operator, people, replies, routing, visitor
from leadcapture.chat.sockets.events import answering, together
from leadcapture.settings import Settings

OPERATOR_HANDLERS = together(
    operator.OPERATOR_HANDLERS,
    routing.OPERATOR_HANDLERS,
    lists.OPERATOR_HANDLERS,
    replies.OPERATOR_HANDLERS,
    held.OPERATOR_HANDLERS,
    people.OPERATOR_HANDLERS,
)
VISITOR_HANDLERS = together(visitor.VISITOR_HANDLERS, afterwards.VISITOR_HANDLERS)


def register(settings: Settings) -> None:
    """Put every handler on the socket server, which must be bound to its application already."""
    live.configure(settings)
    visitor.register()
    operator.register()
    for event, of_visitor in VISITOR_HANDLERS.items():
        answering(event, VISITOR, live.visitors, lambda socket: socket.language)(of_visitor)
    for event, of_operator in OPERATOR_HANDLERS.items():
        answering(event, OPERATOR, live.operators, lambda socket: socket.language)(of_operator)

"""An operator writes first, to somebody on the list of those who agreed to be seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from leadcapture.chat import blocking, numbering, posting, rules
from leadcapture.chat.models import VisitorPresence
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import Incoming
from leadcapture.chat.sightings import STALE
from leadcapture.errors import Conflict, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators.models import Membership, Operator


def approach(
    session: Session, now: datetime, *, operator_id: int, epoch: int, visitor: str, incoming: Incoming
) -> Posted:
    """Begin a conversation with a visitor who is on one of the operator's sites now; its first message is the
    operator's, who answers it from then on. The same client id again comes back with the same message.

    Raises NotFound for whoever is not on the list any more, Conflict (not_allowed) for who has a conversation already,
    Blocked.
    """
    tab = session.scalars(
        select(VisitorPresence)
        .join(Membership, and_(Membership.site_id == VisitorPresence.site_id, Membership.operator_id == operator_id))
        .join(Operator, and_(Operator.id == Membership.operator_id, Operator.session_epoch == epoch))
        .where(VisitorPresence.visitor == visitor, VisitorPresence.heard_at > now - STALE)
        .order_by(VisitorPresence.since.desc())
        .limit(1)
    ).first()
    if tab is None:
        raise NotFound(_("This visitor has left."))
    blocking.check(session, now, visitor)
    row = numbering.begin(
        session, now, site_id=tab.site_id, visitor=visitor, page=tab.url, language=tab.language, kind="chat", name=""
    )
    goes_on = row.last_seq > 0 and not rules.is_over(row.status, row.active_at, now)
    if goes_on and not numbering.sent_before(session, row.id, "operator", incoming.client_id):
        raise Conflict(_("This visitor is in a conversation already."), code="not_allowed")
    return posting.by_operator(
        session, now, operator_id=operator_id, epoch=epoch, conversation=row.public_id, incoming=incoming, kind="reply"
    )

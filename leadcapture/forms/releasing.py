"""A person says that a held submission is no spam: it goes on as if it had come in now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.forms import held, intake, queries
from leadcapture.forms.intake import MailSettings
from leadcapture.forms.kind import Effects
from leadcapture.sites import queries as sites
from leadcapture.spam import operations as spam


def release(session: Session, now: datetime, *, site_id: int, public_id: str, mails: MailSettings) -> list[str]:
    """Let a held submission go on: its address is asked for confirmation, with all days to answer, and its words are
    learned. Returns the conversations that changed.

    Of two at once one does it; what was released already is left alone. Raises NotFound for what is not there or
    erased, and what the form's kind raises where it takes nothing any more.
    """
    try:
        sent = held.locked(session, site_id, public_id)
    except NotFound:
        known = queries.submission(session, public_id)
        if known is not None and known.site_id == site_id and known.status in ("pending", "confirmed"):
            return []
        raise
    text = held.text_of(sent.data)
    if sent.spam:
        spam.unteach(session, now, site_id=site_id, text=text, spam=True)
    spam.teach(session, now, site_id=site_id, text=text, spam=False)
    kept = sent.held_why or {}
    sent.status, sent.held_at, sent.held_why, sent.spam = "pending", None, None, False
    session.flush()
    form, site = queries.form_of(session, sent), sites.by_id(session, sent.site_id)
    effects = Effects(conversation=kept.get("conversation"), visitor=kept.get("visitor"), public_url=mails.public_url)
    filled = intake.filled_of(session, sent, form, site)
    return intake.ask(
        session,
        now,
        stored=sent.id,
        filled=filled,
        form=form,
        known=queries.known(session, site_id, sent.email_key),
        consents=sent.consents,
        effects=effects,
        mails=mails,
    )

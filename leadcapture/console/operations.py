"""Writing that spans slices and that only the console asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture import addresses
from leadcapture.addresses import Address
from leadcapture.errors import Invalid
from leadcapture.mail import operations as mail
from leadcapture.sites import operations as sites
from leadcapture.sites import queries


def save_site(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    recipient: Address | None,
    public_url: str,
    settings: dict[str, Any],
) -> bool:
    """Take over a site's settings; a new recipient of questions is asked by mail whether they agree.

    Returns whether such a mail was written. Raises Invalid with the fields that will not do.
    """
    before = queries.by_id(session, site_id).recipient_email
    sites.update(session, now, site_id=site_id, **settings)
    to_verify = sites.set_recipient(session, now, site_id=site_id, email=recipient.typed if recipient else None)
    if not to_verify or recipient is None or recipient.typed == before:
        return False
    ask_recipient(session, now, site_id=site_id, public_url=public_url)
    return True


def ask_recipient(session: Session, now: datetime, *, site_id: int, public_url: str) -> None:
    """Mail the recipient of a site's questions the link by which they agree. Raises Invalid when there is none."""
    site = queries.by_id(session, site_id)
    if site.recipient_email is None:
        raise Invalid("There is no recipient.")
    link = f"{public_url}/recipient/{sites.recipient_token(site)}"
    to = addresses.parse(site.recipient_email)
    mail.enqueue(session, now, site=site, name="verify_recipient", to=to, language=site.language, values={"link": link})

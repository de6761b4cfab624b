"""The receipt: what a person agreed to, mailed to them with the proof of it, when they or the site's owner ask for it.

Whoever has one holds a signature over where the site's ledger stood that day: since then nobody can rewrite it unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture import i18n, signing
from leadcapture.addresses import Address
from leadcapture.contacts.models import Contact
from leadcapture.i18n import gettext as _
from leadcapture.mail import caps
from leadcapture.mail import operations as mail
from leadcapture.mail.operations import Attachment
from leadcapture.privacy.proof import pack as packs
from leadcapture.privacy.proof import wording
from leadcapture.sites.models import Site


def send(session: Session, now: datetime, *, site: Site, contact: Contact, public_url: str) -> mail.Enqueued | None:
    """Mail the contact a receipt with the proof attached; a copy of the mail's row.

    None when the address has had its mails of the day (MAIL_PER_ADDRESS). The row's status is `suppressed` where the
    address must not be mailed. It rests on no consent: who has withdrawn everything gets the proof of that.
    """
    address = Address(typed=contact.email, key=contact.email_key)
    due_at = caps.take(session, now, site=site, address=address, confirmation=False)
    if due_at is None:
        return None
    pack = packs.build(session, now, site=site, contact=contact, public_url=public_url)
    written = packs.written(pack)
    language = i18n.best(contact.language, site.language)
    with i18n.speaking(language):
        agreements = [_agreement(one) for one in pack["record"]["pii_processing"]]
        made = wording.moment(pack["made_at"])
    return mail.enqueue(
        session,
        now,
        site=site,
        name="receipt",
        to=address,
        to_name=contact.name,
        language=language,
        values={
            "name": contact.name,
            "agreements": agreements,
            "made": made,
            "entries": ", ".join(str(row["seq"]) for row in pack["chain"]["rows"]),
            "anchor": _anchor(pack),
            "digest": hashlib.sha256(written).hexdigest(),
            "preferences_url": f"{public_url}/preferences/{signing.sign('preferences', contact.public_id)}",
            "checker_url": f"{public_url}/check_proof.py",
        },
        attachments=[Attachment("proof.json", "application/json", written.decode())],
        contact=contact.public_id,
        due_at=due_at,
    )


def _agreement(one: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one agreement as the mail's template lists them: pairs of a label and what it is."""
    given, gone = one["given"], one["withdrawn"]
    imported = given["event"] == "imported"
    rows = [
        (_("Version of the words"), one["version"]),
        (_("Given there") if imported else _("Asked for"), wording.moment(given["requested_at"])),
        (_("Mail handed over"), ", ".join(wording.moment(at) for at in given["mailed_at"])),
        (_("Imported") if imported else _("Confirmed"), wording.moment(given["at"])),
        (_("How"), wording.method(given["method"])),
        (_("Page"), given["page_url"]),
        (_("In force"), _("yes") if one["holds"] else _("no")),
        (_("Withdrawn"), wording.moment(gone["at"]) if gone else ""),
    ]
    return {
        "purpose": one["purpose"],
        "statement": one["statement"],
        "rows": [(label, value) for label, value in rows if value],
    }


def _anchor(pack: Mapping[str, Any]) -> Mapping[str, Any]:
    """The newest checkpoint in the pack, by which its holder can tell later whether the ledger is still the same."""
    segments = pack["chain"]["segments"]
    return dict(segments[-1]["checkpoint"]) if segments else {"seq": 0, "hash": "", "at": "", "public_key": ""}

"""One question to each person of the quarantine, where the owner attests a lawful ground for it; and what comes of the
answer. The question itself, and when it goes, is repermission's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from leadcapture import addresses
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid
from leadcapture.i18n import gettext as _
from leadcapture.imports import queries, rules
from leadcapture.imports.models import Import, Quarantined
from leadcapture.mail import gone
from leadcapture.repermission import operations as repermission
from leadcapture.repermission.operations import Person
from leadcapture.repermission.rules import Wording
from leadcapture.sites.models import Site

AT_ONCE = 500  # people handed over in one transaction
SHORTEST = 20  # characters of what an owner attests
# On which ground somebody may be asked once; what an owner cannot choose is `bought`, which closes the question.
GROUNDS = ("customers", "record_lost", "members", "other")
BOUGHT = "bought"


def attest(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    public_id: str,
    operator_id: int,
    ground: str,
    words: str,
    purpose: str,
    statement: str,
    per_hour: int,
) -> Import:
    """Keep on what ground the people of this import may be asked once, in the owner's `words`; `hand_over` does it.

    A list that was bought, rented or collected is never asked: that is kept for good. Raises Invalid with the fields
    that are missing, Conflict for such a list and for an import that attests already, NotFound.
    """
    queries.by_public_id(session, site_id, public_id)
    found = session.scalars(
        select(Import)
        .where(Import.site_id == site_id, Import.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    said = found.provenance.get("ground")
    if found.mode != "quarantine" or said is not None:
        raise Conflict(_("This was decided already."))
    if ground == BOUGHT:
        found.provenance = {**found.provenance, "ground": {"kind": BOUGHT, "at": now.isoformat(), "by": operator_id}}
        session.flush()
        return found
    problems: dict[str, list[str]] = {}
    if ground not in GROUNDS:
        problems["ground"] = [_("Choose on what ground you may ask these people.")]
    if len(rules.line(words)) < SHORTEST:
        problems["words"] = [_("Say in a sentence why you may ask them.")]
    if not purpose.strip():
        problems["purpose"] = [_("Say what they agreed to in a word or two, for example: newsletter.")]
    if not statement.strip():
        problems["statement"] = [_("Give the words that you ask them to agree to.")]
    if problems:
        raise Invalid(_("Some of this is missing."), fields=problems)
    attested = {
        "kind": ground,
        "words": rules.line(words)[:1000],
        "purpose": purpose.strip()[:60],
        "statement": statement.strip()[: rules.LONGEST_STATEMENT],
        "per_hour": per_hour,
        "at": now.isoformat(),
        "by": operator_id,
    }
    found.provenance = {**found.provenance, "ground": attested}
    session.flush()
    return found


def hand_over(session: Session, now: datetime, *, site_id: int, public_id: str, after: int = 0) -> int | None:
    """Hand the next people of an import that attests a ground over to be asked, after that internal id of theirs; the
    id of the last, None when these were all."""
    found = queries.by_public_id(session, site_id, public_id)
    attested = found.provenance.get("ground") or {}
    if attested.get("kind") not in GROUNDS:
        raise Conflict(_("This was decided already."))
    site = session.get_one(Site, site_id)
    people = queries.to_ask(session, found.id, after, AT_ONCE)
    if not people:
        return None
    campaign = repermission.ask_quarantined(
        session,
        now,
        site=site,
        operator_id=attested["by"],
        import_id=found.id,
        purpose=attested["purpose"],
        statements=_statements(site, attested),
        ground=attested["words"],
        rows=[Person(person.id, person.email, person.name, person.language) for person in people],
        per_hour=attested["per_hour"],
        campaign=attested.get("campaign"),
    )
    if "campaign" not in attested:
        found.provenance = {**found.provenance, "ground": {**attested, "campaign": campaign.public_id}}
        session.flush()
    return people[-1].id


def may_be_asked(session: Session, now: datetime, quarantined_id: int) -> bool:
    """Whether this person may be asked, now and never again: the question is noted."""
    person = _locked(session, quarantined_id)
    if person is None or person.asked_at is not None:
        return False
    # Who came by themselves meanwhile, or let us know otherwise, is asked nothing.
    if queries.is_contact(session, person.site_id, person.email_key) or queries.barred(
        session, person.site_id, person.email_key
    ):
        return False
    person.asked_at = now
    session.flush()
    return True


def answered(session: Session, now: datetime, quarantined_id: int, yes: bool) -> Contact | None:
    """The person has answered and is in the quarantine no more: the contact they are now, or None, and the address is
    remembered as one that is never imported again."""
    person = _locked(session, quarantined_id)
    if person is None:
        return None
    session.execute(delete(Quarantined).where(Quarantined.id == person.id))
    if not yes:
        gone.remember_refusal(session, now, site_id=person.site_id, email_key=person.email_key)
        return None
    contact = contacts.upsert_confirmed(
        session,
        now,
        site_id=person.site_id,
        address=addresses.parse(person.email),
        name=person.name,
        phone=person.phone,
        language=person.language,
        source=session.get_one(Import, person.import_id).name[:120],
        attributes=person.attributes,
    )
    if contact.import_id is None:
        contact.import_id = person.import_id
        session.execute(update(Contact).where(Contact.id == contact.id).values(import_id=person.import_id))
    return contact


def _statements(site: Site, attested: Mapping[str, str]) -> dict[str, Wording]:
    statement = attested["statement"]
    return {site.language: Wording(rules.version(statement), statement)}


def _locked(session: Session, quarantined_id: int) -> Quarantined | None:
    wanted = select(Quarantined).where(Quarantined.id == quarantined_id).with_for_update()
    return session.scalar(wanted.execution_options(populate_existing=True))

"""The life of a contest: committed, opened, entered, frozen, drawn. Each step happens once, however many ask for it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import i18n, ids
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.forms import rules as form_rules
from leadcapture.forms.kind import Effects, Filled, Settings
from leadcapture.forms.kinds.contest import draw, outcomes, queries, rules
from leadcapture.forms.kinds.contest.models import Contest, Disqualification, Entry, Tally
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

PROOFS_AT_ONCE = 200  # mails made in one transaction


def keep_terms(session: Session, now: datetime, form: Form, site: Site, before: Settings) -> None:
    """Commit a new contest to a seed, or take over changed terms into one that has not opened.

    Raises Invalid for terms that are changed after the opening: people have entered on them.
    """
    contest = session.scalar(select(Contest).where(Contest.form_id == form.id).with_for_update())
    if contest is None:
        seed = secrets.token_bytes(draw.SEED_BYTES)
        contest = Contest(
            form_id=form.id,
            seed=seed.hex(),
            commitment=draw.commitment_of(seed),
            committed_at=now,
            terms={},
            state="open",
        )
        session.add(contest)
    begun = queries.phase(contest, form, now) not in ("draft", "committed")
    # The terms say in which zone their times are meant: a site that moves to another one moves no contest under way.
    terms = rules.terms_of(form.public_id, form.settings, contest.terms["timezone"] if begun else site.timezone)
    if begun and terms != contest.terms:
        changed = next(name for name in terms if terms[name] != contest.terms.get(name))
        sentence = _("The contest has opened: its terms stay as they are. Texts can still be changed.")
        raise Invalid(sentence, fields={"tags" if changed == "one_entry" else changed: [sentence]})
    contest.terms = terms
    contest.opens_at, contest.closes_at = rules.moment(terms["opens"]), rules.moment(terms["closes"])
    session.flush()


def open_(session: Session, now: datetime, *, contest_id: int) -> None:
    """Note that the contest has opened: from now on its terms stay."""
    session.execute(
        update(Contest)
        .where(Contest.id == contest_id, Contest.opened_at.is_(None))
        .values(opened_at=now)
        .execution_options(synchronize_session=False)
    )


def tally(session: Session, now: datetime, *, contest_id: int) -> None:
    """Note how many entries the contest has in this hour, if nobody has yet."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(Tally)
        .values(contest_id=contest_id, hour=rules.hour_of(now), count=queries.count(session, contest_id))
        .on_conflict_do_nothing(index_elements=["contest_id", "hour"])
    )


# ---- entering ------------------------------------------------------------------------------------------------------


def sent(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    """Somebody has sent the form: from now on the terms stay as they were shown."""
    contest = queries.of_form(session, filled.form_id)
    if contest is not None and contest.opened_at is None:
        open_(session, now, contest_id=contest.id)


def enter(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    """Put a confirmed address into the contest, unless it is in already or comes too late; what to tell the person."""
    # Entering and freezing take turns at this row, so that no entry slips past the list.
    contest = session.scalar(
        select(Contest)
        .where(Contest.form_id == filled.form_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if contest is None:
        raise NotFound("No such contest.")
    form = session.get_one(Form, filled.form_id)
    once = contest.terms["one_entry"]
    address = rules.entry_address(filled.address.key, tags=once["tags"], dotless=once["dotless"])
    entered = queries.by_address(session, contest.id, address)
    if entered is not None:
        mine = entered.contact_id == contact.id
        return (
            outcomes.taking_part(filled.site, contest, form, entered, again=True)
            if mine
            else outcomes.counted_already()
        )
    if contest.state != "open" or contest.closes_at is None or now >= contest.closes_at:
        return outcomes.too_late(contest)
    entered = _entry(session, now, contest, contact, address)
    outcomes.mail_receipt(session, now, site=filled.site, contest=contest, form=form, entered=entered, contact=contact)
    return outcomes.taking_part(filled.site, contest, form, entered)


def _entry(session: Session, now: datetime, contest: Contest, contact: Contact, address: str) -> Entry:
    salt = secrets.token_bytes(draw.SALT_BYTES)
    contest.last_number += 1
    entered = Entry(
        public_id=ids.new("entry"),
        contest_id=contest.id,
        contact_id=contact.id,
        number=contest.last_number,
        address=address,
        salt=salt.hex(),
        leaf=draw.leaf_of(salt, address).hex(),
        confirmed_at=now,
    )
    session.add(entered)
    session.flush()
    return entered


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Erase what contests hold of a person. Before the closing the entry goes; of a frozen list the leaf stays, which
    without its salt leads to nobody."""
    mine = session.execute(
        select(Entry.id, Entry.public_id, Contest.state)
        .join(Contest, Contest.id == Entry.contest_id)
        .where(Entry.contact_id == contact_id)
        .with_for_update(of=Contest)
    ).all()
    mail.forget(session, now, about=[public_id for _id, public_id, _state in mine])
    session.execute(delete(Entry).where(Entry.id.in_([row.id for row in mine if row.state == "open"])))
    session.execute(
        update(Entry).where(Entry.id.in_([row.id for row in mine])).values(contact_id=None, address=None, salt=None)
    )


# ---- closing --------------------------------------------------------------------------------------------------------


def freeze(session: Session, now: datetime, *, contest_id: int) -> bool:
    """Freeze the list of a contest that has closed: from now on count and root are public. Who has withdrawn consent
    takes no part. False where it is frozen already, or has not closed."""
    frozen = session.scalar(
        update(Contest)
        .where(
            Contest.id == contest_id,
            Contest.state == "open",
            Contest.opened_at.is_not(None),
            Contest.closes_at <= now,
        )
        .values(state="closed", closed_at=now)
        .returning(Contest.id)
        .execution_options(synchronize_session=False)
    )
    if frozen is None:
        return False
    contest = session.get_one(Contest, contest_id, populate_existing=True)
    gone = queries.withdrawn(contest_id)
    session.execute(delete(Entry).where(Entry.contest_id == contest_id, Entry.contact_id.in_(gone)))
    tree = queries.tree(session, contest_id)
    contest.count, contest.root = len(tree.levels[0]), tree.root.hex()
    session.flush()
    form, site = _around(session, contest)
    outcomes.tell_owner_closed(session, now, site=site, contest=contest, form=form)
    return True


def send_proofs(session: Session, now: datetime, *, contest_id: int) -> int:
    """Mail some of a frozen contest's entrants the proof that they are in the list; how many were worked off, 0 when
    nothing is left to do."""
    claimed = session.scalars(
        update(Entry)
        .where(
            Entry.id.in_(
                select(Entry.id)
                .where(Entry.contest_id == contest_id, Entry.proof_at.is_(None))
                .limit(PROOFS_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
        )
        .values(proof_at=now)
        .returning(Entry.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not claimed:
        return 0
    contest = session.get_one(Contest, contest_id)
    form, site = _around(session, contest)
    tree = queries.tree(session, contest_id)
    rows = session.execute(
        select(Entry, Contact)
        .join(Contact, Contact.id == Entry.contact_id)
        .where(Entry.id.in_(claimed), Contact.id.not_in(queries.withdrawn(contest_id)))
    )
    for entered, contact in rows:
        with i18n.speaking(contact.language):
            proof = queries.entry_record(contest, form, entered, tree)
            outcomes.mail_proof(session, now, site=site, form=form, entered=entered, contact=contact, proof=proof)
    return len(claimed)


# ---- drawing --------------------------------------------------------------------------------------------------------


def draw_winners(session: Session, now: datetime, *, site_id: int, public_id: str, beacon: str = "") -> Contest:
    """Draw, once: the seed is revealed, winners and owner are told. `beacon` is the public value that the terms name a
    source of.

    Raises NotFound, Conflict with a sentence where it is drawn already or has not closed, Invalid for a value that is
    missing or that nobody was told of.
    """
    contest, form = queries.by_public_id(session, site_id, public_id)
    freeze(session, now, contest_id=contest.id)
    beacon = rules.beacon_value(beacon)
    if contest.terms["beacon"] and not beacon:
        raise Invalid(_("Write the public value that the rules name."), fields={"beacon": [_("Fill this in.")]})
    if beacon and not contest.terms["beacon"]:
        raise Invalid(_("The rules name no public value, so none may be mixed in."), fields={"beacon": []})
    won = session.scalar(
        update(Contest)
        .where(Contest.id == contest.id, Contest.state == "closed")
        .values(state="drawn", drawn_at=now, beacon=beacon)
        .returning(Contest.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(contest)
    if won is None:
        already = _("The winners are drawn already.") if contest.state == "drawn" else _("The contest is still open.")
        raise Conflict(already, code=contest.state)
    winners = [one for one in _people(session, now, contest, form) if one.prize is not None]
    site = sites.by_id(session, form.site_id)
    _tell_winners(session, now, site, contest, form, winners)
    outcomes.tell_owner_drawn(session, now, site=site, contest=contest, form=form, winners=winners)
    return contest


def disqualify(session: Session, now: datetime, *, site_id: int, public_id: str, rank: int, reason: str) -> None:
    """Take somebody out of the draw; the next of the same order follows and is told. The reason is published.

    Raises NotFound, Invalid without a reason, Conflict for a rank that holds no prize and is no alternate (any more).
    """
    contest, form = queries.by_public_id(session, site_id, public_id)
    session.refresh(contest, with_for_update=True)
    reason = form_rules.clean_line(reason)[:300]
    if not reason:
        raise Invalid(_("Say why: it is published."), fields={"reason": [_("Say why: it is published.")]})
    if contest.state != "drawn":
        raise Conflict(_("The winners are not drawn yet."))
    before = _people(session, now, contest, form)
    if rank not in {one.rank for one in before}:
        raise Conflict(_("This entry is neither a winner nor an alternate (any more)."))
    session.add(Disqualification(contest_id=contest.id, rank=rank, reason=reason, at=now))
    session.flush()
    had = {one.rank for one in before if one.prize is not None}
    new = [one for one in _people(session, now, contest, form) if one.prize is not None and one.rank not in had]
    if new:
        site = sites.by_id(session, form.site_id)
        _tell_winners(session, now, site, contest, form, new)
        outcomes.tell_owner_drawn(session, now, site=site, contest=contest, form=form, winners=new, replaced=True)


def _people(session: Session, now: datetime, contest: Contest, form: Form) -> list[queries.Drawn]:
    return queries.people(session, contest, queries.published(session, now, contest, form))


def _tell_winners(
    session: Session, now: datetime, site: Site, contest: Contest, form: Form, winners: Sequence[queries.Drawn]
) -> None:
    for won in winners:
        if won.entry is not None and won.contact is not None and won.prize is not None and not won.left:
            outcomes.mail_winner(
                session,
                now,
                site=site,
                contest=contest,
                form=form,
                entered=won.entry,
                contact=won.contact,
                prize=won.prize,
            )


def _around(session: Session, contest: Contest) -> tuple[Form, Site]:
    form = session.get_one(Form, contest.form_id)
    return form, sites.by_id(session, form.site_id)

"""What entrants, winners and the owner are told, in the language of the moment; and the mails that say it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture import i18n, signing
from leadcapture.addresses import Address
from leadcapture.contacts.models import Contact
from leadcapture.forms import letters
from leadcapture.forms.fields import words
from leadcapture.forms.kinds.contest import queries, rules
from leadcapture.forms.kinds.contest.models import Contest, Entry
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.sites.models import Site


def prize_words(terms: Mapping[str, Any], number: int) -> str:
    """What that prize of the terms is called; "Prize 2" where nobody gave it a name."""
    return words(terms["prizes"][number]["name"]) or _("Prize %(number)s", number=number + 1)


def entry_url(site: Site, form: Form, entered: Entry) -> str:
    """The entrant's own page: their entry, and the proof once there is one."""
    return f"{letters.form_url(site, form.slug)}/entry/{signing.sign('entry', entered.public_id)}"


def title_of(form: Form) -> str:
    """What the contest is called, in the language of the moment: as visitors read it, else as its owner calls it."""
    return form.settings.get("texts", {}).get(i18n.language(), {}).get("title") or form.title


def _links(site: Site, form: Form, entered: Entry) -> list[tuple[str, str]]:
    return [(_("Your entry"), entry_url(site, form, entered))]  # from there it goes on to rules and draw


def _closing(contest: Contest) -> str:
    return rules.when(contest.closes_at, contest.terms["timezone"]) if contest.closes_at else ""


def taking_part(
    site: Site, contest: Contest, form: Form, entered: Entry, *, again: bool = False, mailed: bool = False
) -> Outcome:
    """For the panel, or the mail, once somebody has entered, or has already."""
    keep = _(
        "Keep it: with it you can show that you entered, and check that you are in the list that winners are drawn "
        "from. The list shows the fingerprint, never your address."
    )
    # To be read on a narrow screen; the mail has it in one piece, to be searched for.
    grouped = " ".join(entered.leaf[start : start + 8] for start in range(0, len(entered.leaf), 8))
    fingerprint = _("The fingerprint of your entry: %(leaf)s.", leaf=grouped)
    return Outcome(
        title=_("You take part already") if again else _("You take part"),
        text=_(
            "Your entry has the number %(number)s. The contest closes on %(when)s; after that comes the draw.",
            number=entered.number,
            when=_closing(contest),
        ),
        rows=[(_("Fingerprint"), entered.leaf)] if mailed else (),
        links=_links(site, form, entered),
        note=keep if mailed else f"{fingerprint} {keep}",
    )


def counted_already() -> Outcome:
    """For an address that leads to the mailbox of another one, which takes part. Says nothing about that other one."""
    return Outcome(
        title=_("This mailbox takes part already"),
        text=_("Your address is confirmed. But another way to write it is in the draw, and each mailbox counts once."),
    )


def too_late(contest: Contest) -> Outcome:
    """For an address that was confirmed after the closing."""
    return Outcome(
        title=_("This came too late"),
        text=_(
            "Your address is confirmed, but the contest closed on %(when)s. Only who had confirmed by then takes part.",
            when=_closing(contest),
        ),
    )


def mail_receipt(
    session: Session, now: datetime, *, site: Site, contest: Contest, form: Form, entered: Entry, contact: Contact
) -> None:
    """The mail after the confirmation: number, fingerprint, and the receipt as a file."""
    receipt = queries.entry_record(contest, form, entered)
    _mail(
        session,
        now,
        site=site,
        contact=contact,
        entered=entered,
        subject=_("You take part: %(title)s", title=title_of(form)),
        outcome=taking_part(site, contest, form, entered, mailed=True),
        files=[_file(f"entry-{entered.number}.json", receipt)],
    )


def mail_proof(
    session: Session,
    now: datetime,
    *,
    site: Site,
    form: Form,
    entered: Entry,
    contact: Contact,
    proof: Mapping[str, Any],
) -> None:
    """The mail after the closing: that the entry is in the frozen list, where, and the proof of it."""
    outcome = Outcome(
        title=_("Your entry is in the draw"),
        text=_(
            "The contest has closed with %(count)s entries. Yours is in the list, and this proves it. Who has won will "
            "stand on the page of the draw.",
            count=proof["count"],
        ),
        rows=[
            (_("Place in the list"), f"{proof['index'] + 1} / {proof['count']}"),
            (_("Fingerprint"), entered.leaf),
            (_("Root of the list"), str(proof["root"])),
            *((_("Step %(number)s", number=n), node) for n, node in enumerate(proof["path"], start=1)),
        ],
        links=_links(site, form, entered),
        note=_("The same is in the attached file. The program that the page of the draw offers can check it."),
    )
    _mail(
        session,
        now,
        site=site,
        contact=contact,
        entered=entered,
        subject=_("Closed: your entry is in the draw of “%(title)s”", title=title_of(form)),
        outcome=outcome,
        files=[_file(f"proof-{entered.number}.json", proof)],
    )


def mail_winner(
    session: Session,
    now: datetime,
    *,
    site: Site,
    contest: Contest,
    form: Form,
    entered: Entry,
    contact: Contact,
    prize: int,
) -> None:
    """Tell somebody that they have won."""
    with i18n.speaking(contact.language):
        name = prize_words(contest.terms, prize)
        outcome = Outcome(
            title=_("You have won"),
            text=_(
                "Your entry number %(number)s was drawn in “%(title)s”. %(site)s will write to you about the prize; "
                "you can also answer this mail.",
                number=entered.number,
                title=title_of(form),
                site=site.name,
            ),
            rows=[(_("Your prize"), name), (_("Fingerprint"), entered.leaf)],
            links=_links(site, form, entered),
        )
        subject = _("You have won: %(prize)s", prize=name)
        _mail(session, now, site=site, contact=contact, entered=entered, subject=subject, outcome=outcome)


def tell_owner_drawn(
    session: Session,
    now: datetime,
    *,
    site: Site,
    contest: Contest,
    form: Form,
    winners: Sequence[queries.Drawn],
    replaced: bool = False,
) -> None:
    """Tell the owner who has won, or who follows somebody disqualified."""

    def person(won: queries.Drawn) -> str:
        if won.contact is None:
            return _("erased since (rank %(rank)s)", rank=won.rank + 1)
        return f"{won.contact.name} {won.contact.email}".strip()

    def outcome() -> Outcome:
        if replaced:
            text = _("Somebody was disqualified; the next of the same draw follows and has been told.")
        elif winners:
            text = _("The winners have been told. Whoever must not win can be disqualified on the page of the contest.")
        else:
            text = _("Nobody took part, so nobody has won.")
        return Outcome(
            title=_("The draw of “%(title)s”", title=form.title),
            text=text,
            rows=[(prize_words(contest.terms, won.prize or 0), person(won)) for won in winners],
            links=[(_("Open the contest"), letters.console_url(form.public_id, "/contest"))],
        )

    letters.tell_owner(
        session,
        now,
        site=site,
        subject=lambda: _("Drawn: %(title)s", title=form.title),
        outcome=outcome,
        about=form.public_id,
    )


def tell_owner_closed(session: Session, now: datetime, *, site: Site, contest: Contest, form: Form) -> None:
    """Tell the owner that the contest has closed and waits for the draw."""
    letters.tell_owner(
        session,
        now,
        site=site,
        subject=lambda: _("Closed: %(title)s", title=form.title),
        outcome=lambda: Outcome(
            title=_("“%(title)s” has closed", title=form.title),
            text=_("The list of entries is frozen. Draw the winners when you are ready."),
            rows=[(_("Entries"), str(contest.count))],
            links=[(_("Draw the winners"), letters.console_url(form.public_id, "/contest"))],
        ),
        about=form.public_id,
    )


def _mail(
    session: Session,
    now: datetime,
    *,
    site: Site,
    contact: Contact,
    entered: Entry,
    subject: str,
    outcome: Outcome,
    files: Sequence[letters.Attachment] = (),
) -> None:
    letters.send(
        session,
        now,
        site=site,
        to=Address(typed=contact.email, key=contact.email_key),
        language=i18n.language(),
        outcome=outcome,
        subject=subject,
        why=_("You get this mail because you take part in a contest of %(site)s.", site=site.name),
        contact=contact,
        purpose=queries.PURPOSE,
        name=contact.name,
        attachments=files,
        about=entered.public_id,
    )


def _file(name: str, record: Mapping[str, Any]) -> letters.Attachment:
    return letters.Attachment(name, "application/json", json.dumps(record, indent=2, ensure_ascii=False))

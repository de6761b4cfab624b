"""Makes the demo's data, through the same operations that visitors and operators use; only the times are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from leadcapture import addresses, i18n, ids, signing
from leadcapture.chat import afterwards, canned, escalation, listing, posting
from leadcapture.chat import held as chat_held
from leadcapture.chat import operations as chat
from leadcapture.chat import protocol as chat_protocol
from leadcapture.chat import queries as chat_queries
from leadcapture.chat.models import Conversation
from leadcapture.consent import operations as consent
from leadcapture.contacts import queries as contact_queries
from leadcapture.demo import rules
from leadcapture.demo import team as desk
from leadcapture.demo.stories import NUISANCES, STORIES, SUBSCRIBERS, Nuisance, Story, Subscriber
from leadcapture.forms import checking, intake, kinds, mailed
from leadcapture.forms import operations as forms
from leadcapture.forms import queries as form_queries
from leadcapture.forms.kind import FormKind
from leadcapture.forms.models import Form, Submission
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.operators import operations as operators
from leadcapture.operators import queries as operator_queries
from leadcapture.operators.models import Operator
from leadcapture.optin.models import Confirmation
from leadcapture.sites import operations as sites
from leadcapture.sites import queries as site_queries
from leadcapture.sites.models import Site

LOCAL_ORIGINS = ("http://127.0.0.1:*", "http://localhost:*")
SERVER_SAID = {
    "sent": "250 2.0.0 Accepted",
    "bounced": "550 5.1.1 No such user here",
    "ambiguous": "The mail server ended the connection.",
}


class _Who(TypedDict):
    operator_id: int
    epoch: int
    conversation: str


@dataclass(frozen=True)
class Person:
    """An operator of the demo, with the password to sign in by."""

    email: str
    password: str
    role: str


@dataclass(frozen=True)
class DemoSite:
    """A site of the demo: its key, its published forms (kind to slug), its people."""

    site_key: str
    forms: Mapping[str, str]
    operators: Sequence[Person]

    def for_json(self) -> dict[str, Any]:
        return {
            "site_key": self.site_key,
            "forms": dict(self.forms),
            "operators": [{"email": p.email, "password": p.password, "role": p.role} for p in self.operators],
        }


@dataclass(frozen=True)
class Demo(DemoSite):
    """The demo shop, and the other site, whose people are outsiders to it."""

    api_token: str
    other: DemoSite

    def for_json(self) -> dict[str, Any]:
        return {**super().for_json(), "api_token": self.api_token, "other_site": self.other.for_json()}


def seed(session: Session, now: datetime, *, public_url: str) -> Demo:
    """Make both sites and what has happened on them in the days before `now`; where they are, leave them as they are.

    Returns the same every time.
    """
    if site_queries.find(session, rules.SITE_KEY) is None:
        with i18n.speaking("en"):
            _seed(session, now, public_url)
    site = site_queries.by_key(session, rules.SITE_KEY)
    privacy_url = f"{public_url}{rules.PRIVACY_PATH}"
    if site.privacy_url != privacy_url and (site.privacy_url or "").endswith(rules.PRIVACY_PATH):
        # Served on another port than before.
        sites.update(session, now, site_id=site.id, privacy_url=privacy_url)
    return Demo(
        site_key=rules.SITE_KEY,
        forms=_slugs(),
        operators=[Person(email, password, role) for email, _, password, role in rules.OPERATORS],
        api_token=_api_token(),
        other=DemoSite(
            site_key=rules.OTHER_SITE_KEY,
            forms=_slugs(),
            operators=[Person(email, password, role) for email, _, password, role in rules.OTHER_OPERATORS],
        ),
    )


def _seed(session: Session, now: datetime, public_url: str) -> None:
    opened = now - timedelta(days=30)
    site = _site(
        session, opened, rules.SITE_KEY, rules.SITE_NAME, owner="alice", privacy=f"{public_url}{rules.PRIVACY_PATH}"
    )
    other = _site(session, opened, rules.OTHER_SITE_KEY, rules.OTHER_SITE_NAME, owner="charlie", privacy=None)
    team = _team(session, opened, site, rules.OPERATORS)
    _team(session, opened, other, rules.OTHER_OPERATORS)
    made = _forms(session, opened, site)
    _forms(session, opened, other)
    for name, form in made.items():
        _enter(session, now, kinds.by_name(name), form, site, public_url)
    sites.create_token(session, opened, site_id=site.id, name="Demo", token=_api_token())
    sites.update(session, opened, site_id=site.id, chat=desk.CHAT)
    for shortcut, body in desk.CANNED:
        canned.add(session, opened, site_id=site.id, shortcut=shortcut, body=body)

    for subscriber in SUBSCRIBERS:
        _subscribe(session, now, made["subscription"], subscriber, public_url)
    for story in STORIES:
        _tell(session, now, made["offline"], team, story, public_url)
    for nuisance in NUISANCES:
        _annoy(session, now, made["offline"], nuisance, public_url)
    _escalate(session, now, site)


def _site(session: Session, now: datetime, key: str, name: str, *, owner: str, privacy: str | None) -> Site:
    return sites.create(
        session,
        now,
        key=key,
        name=name,
        allowed_origins=LOCAL_ORIGINS,
        accent=rules.ACCENT,
        privacy_url=privacy,
        sender_name=name,
        sender_email=f"hello@{name.lower().replace(' ', '-')}.example",
        recipient_email=f"{owner}@example.org",
        recipient_verified_at=now,
    )


def _team(
    session: Session, now: datetime, site: Site, people: Sequence[tuple[str, str, str, str]]
) -> dict[str, Operator]:
    team = {}
    for email, name, password, role in people:
        address = addresses.parse(email)
        # An account made before by hand keeps its own password.
        operator = operator_queries.by_email(session, address.key) or operators.create(
            session, now, email=address, name=name, password=password
        )
        operators.add_membership(session, now, operator_id=operator.id, site_id=site.id, role=role)
        team[name.lower()] = operator
    return team


def _api_token() -> str:
    # The same every time, and another on every machine.
    return f"lc_{signing.digest('demo-token', rules.SITE_KEY)[:40]}"


def _slugs() -> dict[str, str]:
    """The slug of the form of each kind."""
    names = [*rules.SLUGS, *(name for name in kinds.registry() if name not in rules.SLUGS)]
    return {name: rules.SLUGS.get(name, name.replace("_", "-")) for name in names}


def _forms(session: Session, now: datetime, site: Site) -> dict[str, Form]:
    made = {}
    for name, slug in _slugs().items():
        kind = kinds.by_name(name)
        shown = kind.example or next(iter(kind.presets.values()), None)
        form = forms.create(
            session,
            now,
            site_id=site.id,
            kind=name,
            slug=slug,
            title=str(shown.title) if shown else "",
            settings=shown.settings if shown else {},
            # What is asked in the chat needs no page to carry the description of its form.
            inline=name not in ("offline", "transcript"),
        )
        kind.on_example(session, now, form, site)
        made[name] = forms.publish(session, now, site_id=site.id, public_id=form.public_id)
    return made


# ---- people who left their address ----------------------------------------------------------------------------------


def _subscribe(session: Session, now: datetime, form: Form, who: Subscriber, public_url: str) -> None:
    asked = now - timedelta(minutes=who.ago)
    fields = {"email": who.email, "name": who.name, "consent": "newsletter"}
    sent, _conversations = _send(session, asked, form, fields, who.language, f"{public_url}/demo", public_url)
    _deliver(session, asked, sent.site_id, {"bounced": "bounced", "pending": "ambiguous"}.get(who.fate, "sent"))
    if who.fate == "bounced":
        mail.suppress(session, asked, site_id=sent.site_id, email_key=sent.email_key, reason="bounce")
    if who.fate in ("confirmed", "left"):
        # People open their mail some minutes later, not all after the same time.
        confirmed = asked + timedelta(minutes=3 + who.ago % 50)
        _confirm(session, confirmed, sent)
        if who.fate == "left":
            contact = contact_queries.by_email(session, sent.site_id, sent.email_key)
            assert contact is not None, "confirming makes a contact"
            consent.withdraw(session, confirmed + timedelta(days=4), contact=contact, method="unsubscribe_link")


def _enter(session: Session, now: datetime, kind: FormKind, form: Form, site: Site, public_url: str) -> None:
    for number, fields in enumerate(kind.example_entries):
        asked = now - timedelta(days=3, hours=number)
        sent, _conversations = _send(session, asked, form, fields, "en", f"{public_url}/demo/offers", public_url)
        _deliver(session, asked, site.id, "sent")
        _confirm(session, asked + timedelta(minutes=5), sent)
        _deliver(session, asked + timedelta(minutes=5), site.id, "sent")
    kind.on_example_entries(session, now - timedelta(days=1), form, site)
    _deliver(session, now - timedelta(days=1), site.id, "sent")


def _send(
    session: Session,
    at: datetime,
    form: Form,
    fields: Mapping[str, str],
    language: str,
    page_url: str,
    public_url: str,
    visitor: str | None = None,
) -> tuple[Submission, list[str]]:
    """A submission, sent as by a visitor, and the conversations it changed."""
    site = site_queries.by_id(session, form.site_id)
    checked = checking.check(session, at, form=form, site=site, fields=MultiDict(fields), language=language)
    public_id, conversations = intake.accept(
        session,
        at,
        checked,
        intake.Evidence(page_url=page_url, ip="192.0.2.17", user_agent="Mozilla/5.0 (a made-up browser of the demo)"),
        mails=intake.MailSettings(public_url=public_url, days=7),
        visitor=visitor,
    )
    sent = form_queries.submission(session, public_id)
    assert sent is not None, "accepting stores the submission"
    return sent, conversations


def _confirm(session: Session, at: datetime, sent: Submission) -> None:
    confirmation = session.get_one(Confirmation, sent.confirmation_id)
    intake.confirm(session, at, confirmation=confirmation.public_id)


def _deliver(session: Session, at: datetime, site_id: int, status: str) -> None:
    # Nothing of the demo may stay queued: with a mail server set, it would be sent to people who never asked.
    sent_at = at + timedelta(seconds=2) if status == "sent" else None
    values = {
        "status": status,
        "attempts": 1,
        "data_begun": status in ("sent", "ambiguous"),
        "sent_at": sent_at,
        "last_answer": SERVER_SAID[status],
    }
    for email in session.scalars(select(Email).where(Email.site_id == site_id, Email.status == "queued")).all():
        session.execute(update(Email).where(Email.id == email.id).values(values))
        if sent_at:
            mailed.note(session, sent_at, email=email)


def _escalate(session: Session, now: datetime, site: Site) -> None:
    """Who waits was made known as it would have been; the service, once it runs, has nobody to mail about them."""
    escalation.escalate(session, now)
    _deliver(session, now, site.id, "sent")
    waits = (Conversation.site_id == site.id) & Conversation.waiting_since.is_not(None)
    session.execute(update(Conversation).where(waits).values(escalation=chat.MAILED, escalated_at=now))


# ---- conversations --------------------------------------------------------------------------------------------------


def _tell(
    session: Session, now: datetime, question: Form, team: Mapping[str, Operator], story: Story, public_url: str
) -> None:
    at = now - timedelta(minutes=story.ago)
    page_url = f"{public_url}{story.page}"
    visitor = ids.new("visitor")
    conversation = ""
    if story.email:
        fields = {"email": story.email, "name": story.visitor, "message": story.lines[0].text}
        sent, (conversation, *_) = _send(session, at, question, fields, story.language, page_url, public_url, visitor)
        _deliver(session, at, question.site_id, "sent")
        if story.confirmed:
            _confirm(session, at + timedelta(minutes=4), sent)
    for number, line in enumerate(story.lines):
        if number == 0 and story.email:
            continue
        at += timedelta(minutes=line.after if number else 0)
        incoming = chat_protocol.Incoming(client_id=f"demo-{number}", body=line.text, page=page_url)
        if line.who == "visitor":
            conversation = chat.post_by_visitor(
                session,
                at,
                site_id=question.site_id,
                visitor=visitor,
                incoming=incoming,
                available=True,
                language=story.language,
                name=story.visitor,
            ).message.conversation
        else:
            operator = team["alice" if line.who == "note" else line.who]
            posting.by_operator(
                session,
                at,
                operator_id=operator.id,
                epoch=operator.session_epoch,
                conversation=conversation,
                incoming=incoming,
                kind="note" if line.who == "note" else "reply",
            )
    if story.tags:
        alice = team["alice"]
        listing.tag(
            session,
            at,
            operator_id=alice.id,
            epoch=alice.session_epoch,
            chosen=[conversation],
            add=story.tags,
            remove=(),
        )
    if story.closed:
        _close(session, at, question.site_id, team["alice"], story, visitor, conversation)


def _annoy(session: Session, now: datetime, question: Form, nuisance: Nuisance, public_url: str) -> None:
    at, page_url = now - timedelta(minutes=nuisance.ago), f"{public_url}/demo"
    if nuisance.email:
        fields = {"email": nuisance.email, "name": nuisance.name, "message": nuisance.text}
        _send(session, at, question, fields, "en", page_url, public_url)
        return
    posted = chat.post_by_visitor(
        session,
        at,
        site_id=question.site_id,
        visitor=ids.new("visitor"),
        incoming=chat_protocol.Incoming(client_id="demo-0", body=nuisance.text, page=page_url),
        available=True,
        language="en",
    )
    chat_held.judge(session, at, posted)


def _close(
    session: Session, at: datetime, site_id: int, by: Operator, story: Story, visitor: str, conversation: str
) -> None:
    thread = chat_queries.operators_thread(session, by.id, by.session_epoch, conversation)
    who = _Who(operator_id=by.id, epoch=by.session_epoch, conversation=conversation)
    chat.read_by_visitor(session, at, site_id=site_id, visitor=visitor, seq=thread.last_seq, seen=True)
    chat.read_by_operator(session, at, **who, seq=thread.last_seq, seen=True)
    chat.close(session, at + timedelta(minutes=5), **who)
    if story.stars:
        rating = chat_protocol.Rating(story.stars, story.comment)
        afterwards.rate(session, at + timedelta(minutes=6), site_id=site_id, visitor=visitor, rating=rating)

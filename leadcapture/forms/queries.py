"""Reading forms, their versions and submissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms.models import Form, FormVersion, Submission
from leadcapture.i18n import gettext as _
from leadcapture.optin.models import Confirmation
from leadcapture.prepared import Prepared, loaded
from leadcapture.sites.models import Site

_forms, _contacts, _sites = Form.__table__, Contact.__table__, Site.__table__
_submissions: Any = Submission.__table__
_versions: Any = FormVersion.__table__
_confirmations: Any = Confirmation.__table__
_BY_SLUG = Prepared(select(_forms).where(_forms.c.site_id == bindparam("site"), _forms.c.slug == bindparam("slug")))
_KNOWN = Prepared(
    select(_contacts.c.public_id, _contacts.c.status).where(
        _contacts.c.site_id == bindparam("site"), _contacts.c.email_key == bindparam("email_key")
    )
)
_ASKED = Prepared(
    select(*_confirmations.c, *_submissions.c, *_forms.c, *_sites.c)
    .select_from(_confirmations)
    .join(_submissions, _submissions.c.confirmation_id == _confirmations.c.id)
    .join(_forms, _forms.c.id == _submissions.c.form_id)
    .join(_sites, _sites.c.id == _submissions.c.site_id)
    .where(_confirmations.c.public_id == bindparam("confirmation"))
)
_CONFIRMED_BY = Prepared(
    select(*_submissions.c, *_forms.c, *_sites.c, _versions.c.settings)
    .select_from(_submissions)
    .join(_forms, _forms.c.id == _submissions.c.form_id)
    .join(_sites, _sites.c.id == _submissions.c.site_id)
    .outerjoin(_versions, (_versions.c.form_id == _forms.c.id) & (_versions.c.version == _submissions.c.form_version))
    .where(_submissions.c.confirmation_id == bindparam("confirmation"))
    .with_for_update(of=_submissions)
)
_CONFIRMATION_OF = Prepared(
    select(_confirmations.c.public_id)
    .join(_submissions, _submissions.c.confirmation_id == _confirmations.c.id)
    .where(_submissions.c.public_id == bindparam("submission"))
)
_CONTACT = Prepared(select(_contacts.c.public_id).where(_contacts.c.id == bindparam("contact")))


class Known(NamedTuple):
    """What is known of an address: the public id of its contact and the contact's status; both empty without one."""

    contact: str = ""
    status: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether it is a contact's who has not left."""
        return self.status == "confirmed"


def known(session: Session, site_id: int, email_key: str) -> Known:
    """What the site knows of that address (as compared)."""
    return Known(*(_KNOWN.row(session, {"site": site_id, "email_key": email_key}) or ()))


def of_site(session: Session, site_id: int) -> Sequence[Form]:
    """Every form of the site, oldest first."""
    return session.scalars(select(Form).where(Form.site_id == site_id).order_by(Form.id)).all()


def by_public_id(session: Session, site_id: int, public_id: str) -> Form:
    """The site's form with that id. Raises NotFound."""
    return _found(session.scalar(select(Form).where(Form.site_id == site_id, Form.public_id == public_id)))


def by_slug(session: Session, site_id: int, slug: str) -> Form:
    """The site's form with that slug, published or not, to be read alone: no session knows the object. Raises
    NotFound."""
    found = _BY_SLUG.named(session, {"site": site_id, "slug": slug})
    return _found(None if found is None else loaded(Form, found))


def published(session: Session, site_id: int) -> Sequence[Form]:
    """The site's published forms, oldest first."""
    return session.scalars(
        select(Form).where(Form.site_id == site_id, Form.published.is_(True)).order_by(Form.id)
    ).all()


def published_by_slug(session: Session, site_id: int, slug: str) -> Form:
    """The site's form with that slug if visitors may see it. Raises NotFound."""
    form = by_slug(session, site_id, slug)
    return _found(form if form.published else None)


def inline(session: Session, site_id: int) -> Sequence[Form]:
    """The published forms that the snippet may paint into a page."""
    return [form for form in published(session, site_id) if form.inline]


def offline(session: Session, site_id: int) -> Form | None:
    """The form offered in the chat when nobody can answer; None when the site has published none."""
    return next((form for form in published(session, site_id) if form.kind == "offline"), None)


def version(session: Session, form_id: int, number: int) -> FormVersion | None:
    """What the form looked like under that version number; None when it never had it."""
    return session.scalar(select(FormVersion).where(FormVersion.form_id == form_id, FormVersion.version == number))


def versions(session: Session, form_id: int) -> Sequence[FormVersion]:
    """Every version of the form, newest first."""
    return session.scalars(
        select(FormVersion).where(FormVersion.form_id == form_id).order_by(FormVersion.version.desc())
    ).all()


def by_short(session: Session, short: str) -> tuple[Form, Site]:
    """The published form with that short link, and its site. Raises NotFound."""
    row = session.execute(
        select(Form, Site).join(Site, Site.id == Form.site_id).where(Form.short == short, Form.published.is_(True))
    ).first()
    if row is None:
        raise NotFound("No such form.")
    return row[0], row[1]


def submissions_of_form(
    session: Session, form_id: int, *, before_id: int | None = None, limit: int = 50
) -> tuple[Sequence[Submission], int | None]:
    """What was sent by the form, newest first, and the id to ask the next page before; None when there is no more."""
    wanted = select(Submission).where(Submission.form_id == form_id).order_by(Submission.id.desc()).limit(limit + 1)
    if before_id is not None:
        wanted = wanted.where(Submission.id < before_id)
    found = session.scalars(wanted).all()
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def every_submission(session: Session, form_id: int) -> Iterable[Submission]:
    """All that was sent by the form, newest first, read a part at a time."""
    wanted = select(Submission).where(Submission.form_id == form_id).order_by(Submission.id.desc())
    return session.scalars(wanted.execution_options(yield_per=500))


def contact_ids(session: Session, sent: Iterable[Submission]) -> dict[int, str]:
    """The public ids of the contacts that submissions led to, by the internal id of the submission."""
    led = {one.id: one.contact_id for one in sent if one.contact_id is not None}
    known = select(Contact.id, Contact.public_id).where(Contact.id.in_(set(led.values())))
    public = {row[0]: row[1] for row in session.execute(known)}
    return {submission_id: public[contact_id] for submission_id, contact_id in led.items()}


def counts(session: Session, site_id: int, *, since: datetime) -> dict[int, tuple[int, int]]:
    """How much was sent by each form of the site since then and how much of that was confirmed, by the form's internal
    id; forms that got nothing are not there, and what is held as spam does not count."""
    rows = session.execute(
        select(Submission.form_id, func.count(), func.count(Submission.confirmed_at))
        .where(Submission.site_id == site_id, Submission.created_at >= since, Submission.status != "held")
        .group_by(Submission.form_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def submission(session: Session, public_id: str) -> Submission | None:
    """The submission with that id; None when it was purged or never was."""
    return session.scalar(select(Submission).where(Submission.public_id == public_id))


def asked(session: Session, confirmation_public_id: str) -> tuple[Confirmation, Submission, Form, Site]:
    """What a confirmation was asked for: itself, the submission, its form and its site. Raises NotFound."""
    row = _ASKED.row(session, {"confirmation": confirmation_public_id})
    if row is None:
        raise NotFound(_("This link is not valid."))
    confirmation, sent, form, site = _objects(row, Confirmation, Submission, Form, Site)
    return confirmation, sent, form, site


def confirmed_by(session: Session, confirmation_id: int) -> tuple[Submission, Form, Site, dict[str, Any]]:
    """What is confirmed by a confirmation (internal id): the submission, whose row is held until the transaction ends,
    its form and its site, all to be read alone, and the settings of the form that the visitor saw. Raises NotFound."""
    row = _CONFIRMED_BY.row(session, {"confirmation": confirmation_id})
    if row is None:
        raise NotFound(_("This link is not valid."))
    sent, form, site = _objects(row[:-1], Submission, Form, Site)
    return sent, form, site, form.settings if row[-1] is None else row[-1]


def confirmation_of(session: Session, public_id: str) -> str | None:
    """The public id of the confirmation that the submission with that id waits for; None without one."""
    found: str | None = _CONFIRMATION_OF.scalar(session, {"submission": public_id})
    return found


def contact_of(session: Session, sent: Submission) -> str | None:
    """The public id of the contact that the submission led to; None before it was confirmed."""
    found: str | None = _CONTACT.scalar(session, {"contact": sent.contact_id})
    return found


def _objects(row: Sequence[Any], *models: Any) -> Iterator[Any]:
    """The objects of these models out of a row of all their columns, one model after the other."""
    values = iter(row)
    return (loaded(model, dict(zip(model.__table__.columns.keys(), values, strict=False))) for model in models)


def form_of(session: Session, sent: Submission) -> Form:
    """The form that the submission filled."""
    return session.get_one(Form, sent.form_id)


def submissions_of_contact(session: Session, contact_id: int) -> Sequence[tuple[Submission, Form]]:
    """What the contact has confirmed, newest first, each with its form."""
    rows = session.execute(
        select(Submission, Form)
        .join(Form, Submission.form_id == Form.id)
        .where(Submission.contact_id == contact_id)
        .order_by(Submission.id.desc())
    )
    return [(row[0], row[1]) for row in rows]


def told_of_contact(session: Session, contact_id: int) -> dict[str, Any]:
    """What an operator sees of it beside a chat: `{"submissions": [{title, kind, at, confirmed_at}]}`, newest first, at
    most twenty."""
    sent = submissions_of_contact(session, contact_id)[:20]
    return {
        "submissions": [
            {
                "title": form.title,
                "kind": form.kind,
                "at": clock.wire(one.created_at),
                "confirmed_at": clock.wire_or_none(one.confirmed_at),
            }
            for one, form in sent
        ]
    }


def _found(form: Form | None) -> Form:
    if form is None:
        raise NotFound("No such form.")
    return form

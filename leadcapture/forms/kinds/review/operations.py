"""Writing reviews: taken in once their address is confirmed, approved or rejected, answered, withdrawn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import addresses, i18n, ids, signing
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import BadToken, Conflict, Invalid
from leadcapture.forms import letters
from leadcapture.forms.kind import Filled
from leadcapture.forms.kinds.review import queries, rules
from leadcapture.forms.kinds.review.models import Review
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.forms.rules import clean_text
from leadcapture.i18n import gettext as _
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

ANSWER_LENGTH = 2000


def receive(session: Session, now: datetime, *, filled: Filled, contact: Contact) -> None:
    """Take in the words of a confirmed review; they wait to be approved. Those the same person wrote before in this
    form are replaced, with the shop's answer to them: nothing is shown until the new ones are approved."""
    words = {
        "state": "waiting",
        "language": filled.language,
        "name": filled.name,
        "stars": int(filled.data["stars"]),
        "about": filled.data.get("about", ""),
        "text": filled.data["text"],
        "at": now,
        "told": False,
        "answer": "",
        "answered_at": None,
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Review)
        .values(
            public_id=ids.new("review"),
            site_id=filled.site.id,
            form_id=filled.form_id,
            contact_id=contact.id,
            revision=1,
            **words,
        )
        .on_conflict_do_update(
            index_elements=["form_id", "contact_id"], set_={**words, "revision": Review.revision + 1}
        )
    )


def judge(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    form_public_id: str,
    public_id: str,
    revision: int,
    state: str,
) -> None:
    """Put the review into another state, if it still says what the operator has seen (`revision`). Who is published for
    the first time with these words is told so, where the owner wishes it.

    Raises NotFound, Invalid for a state that cannot follow, Conflict with a sentence when somebody else was faster.
    """
    form, review = _locked(session, site_id, form_public_id, public_id, revision)
    if not rules.may_follow(review.state, state):
        raise Invalid(_("A review in this state cannot be changed like that."))
    review.state, review.revision = state, review.revision + 1
    if state == "approved" and not review.told and form.settings.get("tell_published", True):
        review.told = _tell_author(session, now, form, review)
    session.flush()


def answer(
    session: Session, now: datetime, *, site_id: int, form_public_id: str, public_id: str, revision: int, text: str
) -> None:
    """Put the shop's public answer under the review, in place of one that was there; an empty one takes it away.

    Raises NotFound, Invalid for one that is too long, Conflict with a sentence when the review has changed meanwhile.
    """
    text = clean_text(text)
    if len(text) > ANSWER_LENGTH:
        raise Invalid(_("At most 2,000 characters."))
    _form, review = _locked(session, site_id, form_public_id, public_id, revision)
    review.answer, review.answered_at, review.revision = text, now if text else None, review.revision + 1
    session.flush()


def withdraw(session: Session, now: datetime, *, form_id: int, public_id: str) -> None:
    """Take the review away because its author wishes it; its words are erased. Again is the same success. With the last
    of the author's reviews the consent to show them is withdrawn too. Raises NotFound."""
    review = queries.by_public_id(session, form_id, public_id)
    session.refresh(review, with_for_update=True)
    if review.state == "withdrawn":
        return
    review.state, review.revision = "withdrawn", review.revision + 1
    review.name = review.about = review.text = review.answer = ""
    review.answered_at = None
    session.flush()
    if not queries.others(session, review):
        contact = session.get_one(Contact, review.contact_id)
        consent.withdraw(session, now, contact=contact, method="unsubscribe_link", purpose=queries.PURPOSE)


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Erase the person's reviews."""
    session.execute(delete(Review).where(Review.contact_id == contact_id))


def withdrawal_url(site: Site, form: Form, public_id: str) -> str:
    """The page by which the author takes the review away."""
    return f"{letters.form_url(site, form.slug)}/reviews/withdraw/{signing.sign('review', public_id)}"


def public_id_of(token: str) -> str:
    """Which review the token of a `withdrawal_url` is for. Raises BadToken."""
    public_id = signing.verify("review", token)
    if not public_id.startswith(f"{ids.PREFIXES['review']}_"):
        raise BadToken(_("This link is not valid."))
    return public_id


def _locked(session: Session, site_id: int, form_public_id: str, public_id: str, revision: int) -> tuple[Form, Any]:
    """The form and its review, which nobody else changes until the commit, as it was seen."""
    form = queries.form(session, site_id, form_public_id)
    review = queries.by_public_id(session, form.id, public_id)
    # The condition is in the statement that takes the row: of two at once, one finds it and the other does not.
    taken = session.scalar(
        update(Review)
        .where(Review.id == review.id, Review.revision == revision)
        .values(revision=Review.revision)
        .returning(Review.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        raise Conflict(
            _("Nothing was changed: somebody was faster, or its author has changed it. Here is how it stands now."),
            code="changed",
        )
    session.refresh(review)
    return form, review


def _tell_author(session: Session, now: datetime, form: Form, review: Review) -> bool:
    site = sites.by_id(session, form.site_id)
    contact = session.scalars(select(Contact).where(Contact.id == review.contact_id)).one()
    with i18n.speaking(review.language):
        title = _("Your review is published")
        letters.send(
            session,
            now,
            site=site,
            to=addresses.parse(contact.email),
            language=review.language,
            outcome=Outcome(
                title=title,
                text=_("Thank you for taking the time. Everybody can read it now:") + f"\n\n{review.text}",
                links=[
                    (_("See it"), f"{letters.form_url(site, form.slug)}/reviews"),
                    (_("Withdraw my review"), withdrawal_url(site, form, review.public_id)),
                ],
            ),
            subject=title,
            why=_("You get this e-mail because you wrote a review for %(site)s.", site=site.name),
            contact=contact,
            purpose=queries.PURPOSE,
            name=review.name,
            about=review.public_id,
        )
    return True

"""Reading reviews: those that everybody may see, and those that operators work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, not_, select, tuple_
from sqlalchemy.orm import Session, aliased

from leadcapture.consent import queries as consent
from leadcapture.errors import NotFound
from leadcapture.forms.kinds.review.models import Review
from leadcapture.forms.kinds.review.rules import STATES, Aggregate, Shown
from leadcapture.forms.models import Form
from leadcapture.sites.models import Site

PURPOSE = "review"
PAGE = 20


@dataclass(frozen=True)
class Listing:
    """One page of what everybody may see. `older` is what to ask for the next one with; None on the last."""

    aggregate: Aggregate
    reviews: Sequence[Shown]
    older: str | None


def form(session: Session, site_id: int, public_id: str) -> Form:
    """The site's review form with that id. Raises NotFound."""
    return _form(session, Form.site_id == site_id, Form.public_id == public_id)


def public_form(session: Session, key: str, slug: str) -> tuple[Site, Form]:
    """The site with that key and its review form with that slug. Its list stays when the form takes no more reviews;
    an archived form has none. Raises NotFound."""
    site = session.scalar(select(Site).where(Site.key == key))
    if site is None:
        raise NotFound("No such site.")
    return site, _form(session, Form.site_id == site.id, Form.slug == slug, Form.archived_at.is_(None))


def listing(session: Session, form_id: int, before: str | None = None) -> Listing:
    """The newest reviews that everybody may see, or those older than the one with the public id `before`, and what all
    of them come to."""
    counted = session.execute(
        select(Review.stars, func.count()).where(*_public(form_id)).group_by(Review.stars).order_by(Review.stars.desc())
    )
    asked = select(Review).where(*_public(form_id))
    if before is not None:
        asked = asked.where(_older_than(form_id, before))
    found = session.scalars(asked.order_by(Review.at.desc(), Review.id.desc()).limit(PAGE + 1)).all()
    return Listing(
        aggregate=Aggregate({row[0]: row[1] for row in counted}),
        reviews=[_shown(review) for review in found[:PAGE]],
        older=found[PAGE - 1].public_id if len(found) > PAGE else None,
    )


def counts(session: Session, form_id: int) -> dict[str, int]:
    """How many reviews of the form are in each state."""
    rows = session.execute(select(Review.state, func.count()).where(Review.form_id == form_id).group_by(Review.state))
    return {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in rows}}


def page(
    session: Session, form_id: int, *, state: str, before: str | None = None
) -> tuple[Sequence[tuple[Review, bool]], str | None]:
    """The newest reviews in that state, each with whether its author still agrees to it being shown; and what to ask
    for the older ones with, None when there are none."""
    asked = select(Review, not_(_withdrawn())).where(Review.form_id == form_id, Review.state == state)
    if before is not None:
        asked = asked.where(_older_than(form_id, before))
    rows = session.execute(asked.order_by(Review.at.desc(), Review.id.desc()).limit(PAGE + 1)).all()
    found = [(row[0], bool(row[1])) for row in rows]
    return found[:PAGE], found[PAGE - 1][0].public_id if len(found) > PAGE else None


def by_public_id(session: Session, form_id: int, public_id: str) -> Review:
    """The form's review with that id. Raises NotFound."""
    found = session.scalar(select(Review).where(Review.form_id == form_id, Review.public_id == public_id))
    if found is None:
        raise NotFound("No such review.")
    return found


def others(session: Session, review: Review) -> bool:
    """Whether the author has another review on the same site that is not withdrawn."""
    other = select(Review.id).where(
        Review.contact_id == review.contact_id, Review.id != review.id, Review.state != "withdrawn"
    )
    return session.scalar(other.limit(1)) is not None


def _form(session: Session, *where: ColumnElement[bool]) -> Form:
    found = session.scalar(select(Form).where(*where, Form.kind == "review"))
    if found is None:
        raise NotFound("No such form.")
    return found


def _public(form_id: int) -> tuple[ColumnElement[bool], ...]:
    return (Review.form_id == form_id, Review.state == "approved", not_(_withdrawn()))


def _withdrawn() -> ColumnElement[bool]:
    """Whether the newest word of the author on reviews is that they are shown no more: people also withdraw on the page
    of their preferences, which knows nothing of reviews."""
    return consent.withdrew(Review.contact_id, PURPOSE)


def _older_than(form_id: int, public_id: str) -> ColumnElement[bool]:
    seen = aliased(Review)
    mark = select(seen.at, seen.id).where(seen.form_id == form_id, seen.public_id == public_id)
    return tuple_(Review.at, Review.id) < mark.scalar_subquery()


def _shown(review: Review) -> Shown:
    return Shown(
        public_id=review.public_id,
        name=review.name,
        stars=review.stars,
        about=review.about,
        text=review.text,
        at=review.at,
        answer=review.answer,
        answered_at=review.answered_at,
    )


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """The contact's reviews, oldest first, as they may read them."""
    kept = ("name", "stars", "about", "text", "state", "at", "answer", "answered_at")
    reviews = session.scalars(select(Review).where(Review.contact_id == contact_id).order_by(Review.id)).all()
    return [{"what": "review"} | {name: getattr(review, name) for name in kept} for review in reviews]

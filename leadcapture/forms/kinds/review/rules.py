"""Pure decisions about reviews: which state may follow which, what the stars come to, how search engines read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

# What an operator may make of a review that is in a state; one that its author has withdrawn stays withdrawn.
NEXT: Mapping[str, Sequence[str]] = {
    "waiting": ("approved", "rejected"),
    "approved": ("waiting", "rejected"),
    "rejected": ("waiting", "approved"),
    "withdrawn": (),
}
STATES = tuple(NEXT)
ITEM_TYPES = ("LocalBusiness", "Product", "Service", "Organization")
BEST = 5


@dataclass(frozen=True)
class Aggregate:
    """What the approved reviews come to: how many gave how many stars."""

    by_stars: Mapping[int, int]

    @property
    def count(self) -> int:
        """How many reviews there are."""
        return sum(self.by_stars.values())

    @property
    def average(self) -> Decimal:
        """The mean to one decimal place, halves upwards; 0 when there is no review."""
        if not self.count:
            return Decimal(0)
        total = sum(stars * number for stars, number in self.by_stars.items())
        return (Decimal(total) / self.count).quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def lit(self) -> int:
        """How many of five stars are lit for the average."""
        return int(self.average.quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True)
class Shown:
    """One approved review as everybody may see it."""

    public_id: str
    name: str
    stars: int
    about: str
    text: str
    at: datetime
    answer: str
    answered_at: datetime | None


def may_follow(before: str, after: str) -> bool:
    """Whether a review in one state can be put into the other."""
    return after in NEXT.get(before, ())


def json_ld(item_type: str, item_name: str, url: str, aggregate: Aggregate, reviews: Sequence[Shown]) -> dict[str, Any]:
    """The thing, its rating and these reviews as schema.org has them (schema.org/Review, schema.org/AggregateRating).

    Without a review there is no rating: an empty one is an error to those who read it.
    """
    thing: dict[str, Any] = {"@context": "https://schema.org", "@type": item_type, "name": item_name, "url": url}
    if not aggregate.count:
        return thing
    thing["aggregateRating"] = {
        "@type": "AggregateRating",
        "ratingValue": str(aggregate.average),
        "reviewCount": aggregate.count,
        "bestRating": BEST,
        "worstRating": 1,
    }
    thing["review"] = [_review(one) for one in reviews]
    return thing


def _review(one: Shown) -> dict[str, Any]:
    said: dict[str, Any] = {
        "@type": "Review",
        "author": {"@type": "Person", "name": one.name},
        "datePublished": one.at.date().isoformat(),
        "reviewBody": one.text,
        "reviewRating": {"@type": "Rating", "ratingValue": one.stars, "bestRating": BEST, "worstRating": 1},
    }
    if one.about:
        said["name"] = one.about
    if one.answer and one.answered_at:
        said["comment"] = {
            "@type": "Comment",
            "text": one.answer,
            "dateCreated": one.answered_at.date().isoformat(),
        }
    return said

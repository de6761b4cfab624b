"""The list of reviews as programs and search engines read it, in the language of the moment."""

from __future__ import annotations

from typing import Any

from leadcapture import clock, i18n
from leadcapture.forms import letters
from leadcapture.forms.kinds.review import rules, wording
from leadcapture.forms.kinds.review.queries import Listing
from leadcapture.forms.models import Form
from leadcapture.sites.models import Site
from leadcapture.sites.rules import text_on


def data(form: Form, site: Site, found: Listing) -> dict[str, Any]:
    """All that the public list shows. `next` is the address of the older reviews, None when there are none."""
    url, language = letters.form_url(site, form.slug), i18n.language()
    return {
        "slug": form.slug,
        "title": wording.title(form, site),
        "lang": language,
        "dir": i18n.direction(language),
        "accent": site.accent,
        "accentText": text_on(site.accent),
        "rating": {
            "average": str(found.aggregate.average),
            "count": found.aggregate.count,
            "lit": found.aggregate.lit,
            "by_stars": {str(stars): found.aggregate.by_stars.get(stars, 0) for stars in range(5, 0, -1)},
        },
        "reviews": [_review(one) for one in found.reviews],
        "next": f"{url}/reviews.json?before={found.older}&lang={language}" if found.older else None,
        "form": f"{url}?lang={language}" if form.published else None,
        "words": wording.words(site),
        "structured": structured(form, site, found),
    }


def structured(form: Form, site: Site, found: Listing) -> dict[str, Any]:
    """What search engines are told: schema.org as JSON-LD."""
    settings = form.settings
    return rules.json_ld(
        settings.get("item_type") or rules.ITEM_TYPES[0],
        settings.get("item_name") or site.name,
        settings.get("item_url") or f"{letters.form_url(site, form.slug)}/reviews",
        found.aggregate,
        found.reviews,
    )


def _review(one: rules.Shown) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "name": one.name,
        "stars": one.stars,
        "about": one.about,
        "text": one.text,
        "at": clock.wire(one.at),
        "answer": {"text": one.answer, "at": clock.wire_or_none(one.answered_at)} if one.answer else None,
    }

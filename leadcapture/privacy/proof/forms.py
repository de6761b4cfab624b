"""The forms that a contact filled in, as they were shown: made of the settings that were saved as that version, in the
language it was shown in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from leadcapture import i18n
from leadcapture.consent import rules
from leadcapture.errors import NotFound
from leadcapture.forms import drafts, operations, queries, questions
from leadcapture.forms.models import Form, FormVersion, Submission
from leadcapture.i18n import gettext as _
from leadcapture.sites.models import Site

Told = Mapping[str, Any]  # an event of the ledger, as told by check_proof.told


def as_shown(session: Session, site: Site, stated: Sequence[Told]) -> list[dict[str, Any]]:
    """Each form that an event of these came by, in the order they were sent.

    Its `title` is None where that version is no longer kept, and `answers_kept` False where the submission is not: what
    was agreed to is told all the same, for that stands in the ledger.
    """
    submissions = dict.fromkeys(one["submission"] for one in stated if one["submission"])
    found = []
    for public_id in submissions:
        about = [one for one in stated if one["submission"] == public_id]
        sent = queries.submission(session, public_id)
        found.append(_shown(session, site, public_id, about, sent if sent and sent.site_id == site.id else None))
    return [one for one in found if one["slug"]]


def _shown(
    session: Session, site: Site, public_id: str, about: Sequence[Told], sent: Submission | None
) -> dict[str, Any]:
    requested = next((one for one in about if one["event"] == "requested"), None)
    given = [one for one in about if one["event"] in rules.GIVEN]
    first = next((one for one in (requested, *given) if one and one.get("form_slug")), {})
    slug, number = first.get("form_slug") or "", first.get("form_version")
    form, seen = _version(session, site, sent, slug, sent.form_version if sent else number)
    language = i18n.best(sent.language if sent else first.get("language"), site.language)
    agreed = _agreed(requested, given)
    found = {
        "submission": public_id,
        "requested": requested and requested["seq"],
        "slug": slug or (form.slug if form else ""),
        "version": sent.form_version if sent else number,
        "language": language,
        "dir": i18n.direction(language),
        "answers_kept": sent is not None,
        "kind": form.kind if form else None,
        "title": None,
        "intro": None,
        "button": None,
        "optional": "",
        "privacy_url": None,
        "fields": [],
        "statements": list(agreed.values()),
    }
    if form is None or seen is None:
        return found
    described = operations.describe(drafts.as_seen(form, seen), site, language)
    with i18n.speaking(language):
        found |= {name: described[name] for name in ("title", "intro", "button", "privacy_url")}
        found |= {"optional": _("optional"), "fields": list(_fields(described["fields"], sent))}
    # The words that were recorded stand for those of their purpose: the site may have another name by now.
    drawn: list[dict[str, Any]] = [
        agreed.pop(one.purpose)
        if one.purpose in agreed
        else {"purpose": one.purpose, "statement": one.statement, "version": one.version, "agreed": False, "rows": []}
        for one in operations.statements(form, site, language, seen)
    ]
    boxes = {one.purpose: one.box for one in operations.statements(form, site, language, seen)}
    found["statements"] = [{**one, "box": boxes.get(one["purpose"], True)} for one in [*drawn, *agreed.values()]]
    return found


def _version(
    session: Session, site: Site, sent: Submission | None, slug: str, number: int | None
) -> tuple[Form | None, FormVersion | None]:
    try:
        form = queries.form_of(session, sent) if sent else queries.by_slug(session, site.id, slug)
    except NotFound:
        return None, None
    return form, queries.version(session, form.id, number) if number is not None else None


def _agreed(requested: Told | None, given: Sequence[Told]) -> dict[str, dict[str, Any]]:
    """What was agreed to, by its purpose: the words of the ledger, and the rows that hold them."""
    found: dict[str, dict[str, Any]] = {}
    for said in (requested or {}).get("statements") or ():
        found[said["purpose"]] = {**said, "agreed": True, "box": True, "rows": []}
    for one in given:
        words = {"purpose": one["purpose"], "statement": one.get("statement", ""), "version": one["version"]}
        found[one["purpose"]] = {
            **words,
            "agreed": True,
            "box": True,
            "rows": [one["seq"]] if "statement" in one else [],
        }
    return found


def _fields(described: Iterable[Mapping[str, Any]], sent: Submission | None) -> Iterable[dict[str, Any]]:
    values = {"email": sent.email, "name": sent.name, "phone": sent.phone, **sent.data} if sent else {}
    for field in described:
        value, condition = values.get(field["name"]), field["show_if"]
        other = values.get(str(condition["field"])) if condition else None
        several = value if isinstance(value, list) else [] if value in (None, "", False) else [value]
        yield {
            "name": field["name"],
            "type": field["type"],
            "label": field["label"],
            "help": field["help"],
            "required": field["required"],
            "unmarked": field["unmarked"],
            "options": field["options"],
            "unit": field["unit"],
            "shown": sent is None or questions.holds(condition, other),
            "chosen": ["on" if one is True else str(one) for one in several],
            "given": None if value in (None, "") else questions.answer_text(field, value),
        }
